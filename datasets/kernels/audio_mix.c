/* Audio samples: saturating 16-bit addition, mixing with gains, panning of
 * mono to stereo, crossfade, dither and conversion from float, peak level.
 * Exercises i16 to i32 widening, saturation by selects, alternating gains. */
#include "kernel.h"

enum { FRAMES = 256 };

static inline int16_t saturate(int32_t v)
{
    v = v < INT16_MIN ? INT16_MIN : v;
    return (int16_t)(v > INT16_MAX ? INT16_MAX : v);
}

NOINLINE void add8(int16_t *restrict out, const int16_t *restrict in)
{
    for (int i = 0; i < 8; i++)
        out[i] = saturate(out[i] + in[i]);
}

/* Two stereo frames; gains in 1/4096. */
NOINLINE void mix2(int16_t out[restrict 4], const int16_t a[restrict 4],
                   const int16_t b[restrict 4], const int16_t gain[restrict 4])
{
    out[0] = saturate((a[0] * gain[0] + b[0] * gain[2]) >> 12);
    out[1] = saturate((a[1] * gain[1] + b[1] * gain[3]) >> 12);
    out[2] = saturate((a[2] * gain[0] + b[2] * gain[2]) >> 12);
    out[3] = saturate((a[3] * gain[1] + b[3] * gain[3]) >> 12);
}

NOINLINE void pan4(float out[restrict 8], const float in[restrict 4], float left, float right)
{
    for (int i = 0; i < 4; i++) {
        out[2 * i] += in[i] * left;
        out[2 * i + 1] += in[i] * right;
    }
}

/* Weights fall and rise by a step per sample. */
NOINLINE void crossfade4(float out[4], const float a[4], const float b[4], float from, float step)
{
    float w0 = from, w1 = from + step, w2 = from + 2.0f * step, w3 = from + 3.0f * step;
    out[0] = a[0] + (b[0] - a[0]) * w0;
    out[1] = a[1] + (b[1] - a[1]) * w1;
    out[2] = a[2] + (b[2] - a[2]) * w2;
    out[3] = a[3] + (b[3] - a[3]) * w3;
}

NOINLINE void quantize4(int16_t out[restrict 4], const float in[restrict 4],
                        uint32_t noise[restrict 4])
{
    for (int i = 0; i < 4; i++) {
        noise[i] = noise[i] * 1664525u + 1013904223u;
        float dither = (float)(noise[i] >> 8) * 0x1p-24f - 0.5f;
        out[i] = saturate((int32_t)(in[i] * 32767.0f + dither));
    }
}

NOINLINE int peak8(const int16_t v[8])
{
    int peak = 0;
    for (int i = 0; i < 8; i++) {
        int level = v[i] < 0 ? -v[i] : v[i];
        peak = level > peak ? level : peak;
    }
    return peak;
}

int main(int argc, char **argv)
{
    static int16_t music[2 * FRAMES], voice[2 * FRAMES], mixed[2 * FRAMES], quantized[FRAMES];
    static float mono[FRAMES], other[FRAMES], faded[FRAMES], stereo[2 * FRAMES];
    static const int16_t gain[4] = {3000, 2500, 2200, 3600};
    uint32_t noise[4] = {1, 2, 3, 4};
    unsigned peak = 0;
    uint64_t seed = 50;

    fill_bytes(&seed, music, sizeof music);
    fill_bytes(&seed, voice, sizeof voice);
    fill_float(&seed, mono, sizeof mono, -1.25, 1.25);
    fill_float(&seed, other, sizeof other, -1.0, 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        memset(stereo, 0, sizeof stereo);
        for (int i = 0; i < 2 * FRAMES; i += 8) {
            mix2(mixed + i, music + i, voice + i, gain);
            mix2(mixed + i + 4, music + i + 4, voice + i, gain);
            add8(mixed + i, voice + i);
            peak += (unsigned)peak8(mixed + i);
        }
        for (int i = 0; i < FRAMES; i += 4) {
            crossfade4(faded + i, mono + i, other + i, (float)i / FRAMES, 1.0f / FRAMES);
            pan4(stereo + 2 * i, faded + i, 0.8f, 0.6f);
            quantize4(quantized + i, faded + i, noise);
        }
    }

    uint64_t hash = checksum(CHECKSUM_START, mixed, sizeof mixed);
    hash = checksum(hash, stereo, sizeof stereo);
    hash = checksum(hash, quantized, sizeof quantized);
    hash = checksum(hash, &peak, sizeof peak);
    return report("audio_mix", hash);
}
