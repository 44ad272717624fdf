/* Branchless decisions: clamps, soft thresholds, hysteresis, masks made of
 * comparisons, counts of lanes, and choices between two computed values.
 * Exercises icmp, fcmp and select lanes, splatted limits, logical reductions. */
#include "kernel.h"

enum { COUNT = 256 };

NOINLINE void clamp4(float *restrict v, float low, float high)
{
    for (int i = 0; i < 4; i++) {
        float x = v[i] < low ? low : v[i];
        v[i] = x > high ? high : x;
    }
}

/* Towards zero by `by`, and zero where the sign would change. */
NOINLINE void soft_threshold2(double v[2], double by)
{
    double a = v[0], b = v[1];
    v[0] = a > by ? a - by : a < -by ? a + by : 0.0;
    v[1] = b > by ? b - by : b < -by ? b + by : 0.0;
}

NOINLINE void choose4(int32_t out[restrict 4], const int32_t a[restrict 4],
                      const int32_t b[restrict 4])
{
    out[0] = a[0] > b[0] ? a[0] - b[0] : a[0] ^ b[0];
    out[1] = a[1] > b[1] ? a[1] - b[1] : a[1] ^ b[1];
    out[2] = a[2] > b[2] ? a[2] - b[2] : a[2] ^ b[2];
    out[3] = a[3] > b[3] ? a[3] - b[3] : a[3] ^ b[3];
}

NOINLINE void masks8(uint8_t out[restrict 8], const uint8_t in[restrict 8], uint8_t limit)
{
    for (int i = 0; i < 8; i++)
        out[i] = in[i] >= limit ? 0xff : 0x00;
}

NOINLINE int count_inside4(const float v[4], float low, float high)
{
    return ((v[0] >= low) & (v[0] < high)) + ((v[1] >= low) & (v[1] < high))
         + ((v[2] >= low) & (v[2] < high)) + ((v[3] >= low) & (v[3] < high));
}

NOINLINE int all_equal8(const uint16_t a[8], const uint16_t b[8])
{
    int equal = 1;
    for (int i = 0; i < 8; i++)
        equal &= a[i] == b[i];
    return equal;
}

/* Previous state below the upper and above the lower limit, else new state. */
NOINLINE void hysteresis4(int16_t state[4], const int16_t in[4], int16_t low, int16_t high)
{
    for (int i = 0; i < 4; i++) {
        int16_t kept = in[i] < low ? 0 : state[i];
        state[i] = in[i] > high ? 1 : kept;
    }
}

int main(int argc, char **argv)
{
    static float values[COUNT], clamped[COUNT];
    static double thresholded[COUNT];
    static int32_t a[COUNT], b[COUNT], chosen[COUNT];
    static uint8_t bytes[COUNT], masks[COUNT];
    static int16_t signal[COUNT], state[4];
    unsigned inside = 0, equal = 0;
    uint64_t seed = 42;

    fill_float(&seed, values, sizeof values, -2.0, 2.0);
    fill_bytes(&seed, bytes, sizeof bytes);
    fill_bytes(&seed, signal, sizeof signal);
    for (int i = 0; i < COUNT; i++) {
        a[i] = (int32_t)(next_u32(&seed) >> 8);
        b[i] = (int32_t)(next_u32(&seed) >> 8);
    }

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        memcpy(clamped, values, sizeof clamped);
        for (int i = 0; i < COUNT; i += 8) {
            masks8(masks + i, bytes + i, (uint8_t)(r * 16));
            equal += (unsigned)all_equal8((const uint16_t *)signal + i,
                                          (const uint16_t *)signal + (i & 8));
            for (int k = i; k < i + 8; k += 4) {
                inside += (unsigned)count_inside4(clamped + k, -1.0f, 0.5f);
                clamp4(clamped + k, -0.75f, 1.25f);
                choose4(chosen + k, a + k, b + k);
                hysteresis4(state, signal + k, -8000, 8000);
            }
        }
        for (int i = 0; i < COUNT; i += 2) {
            thresholded[i] = clamped[i];
            thresholded[i + 1] = clamped[i + 1];
            soft_threshold2(thresholded + i, 0.25);
        }
    }

    uint64_t hash = checksum(CHECKSUM_START, clamped, sizeof clamped);
    hash = checksum(hash, thresholded, sizeof thresholded);
    hash = checksum(hash, chosen, sizeof chosen);
    hash = checksum(hash, masks, sizeof masks);
    hash = checksum(hash, state, sizeof state);
    hash = checksum(hash, &inside, sizeof inside);
    hash = checksum(hash, &equal, sizeof equal);
    return report("clamp_select", hash);
}
