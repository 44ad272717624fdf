/* Conversions between element types: u8 to i16 to i32, signed and unsigned
 * integers to float and back, double to float, truncations. Exercises zext,
 * sext, trunc, fpext, fptrunc, sitofp, uitofp, fptosi, fptoui of 2 to 16 lanes. */
#include "kernel.h"

enum { COUNT = 256 };

NOINLINE void widen_bytes8(int16_t *restrict half, int32_t *restrict full,
                           const uint8_t *restrict in)
{
    for (int i = 0; i < 8; i++)
        half[i] = (int16_t)(in[i] * 3 - 128);
    for (int i = 0; i < 8; i++)
        full[i] = half[i] * 1000;
}

NOINLINE void signed_bytes_to_float8(float out[8], const int8_t in[8])
{
    for (int i = 0; i < 8; i++)
        out[i] = (float)in[i] * 0.0078125f;
}

NOINLINE void float_to_i16_8(int16_t *restrict out, const float *restrict in)
{
    for (int i = 0; i < 8; i++)
        out[i] = (int16_t)(in[i] * 16384.0f);
}

NOINLINE void narrow_double4(float out[restrict 4], const double in[restrict 4])
{
    for (int i = 0; i < 4; i++)
        out[i] = (float)(in[i] * in[i]);
}

NOINLINE void integers_to_double4(double out[4], const int32_t in[4])
{
    double t[4] = {in[0], in[1], in[2], in[3]};
    for (int i = 0; i < 4; i++)
        out[i] = t[i] / 1000.0;
}

NOINLINE void unsigned_round_trip4(uint32_t *restrict out, const uint16_t *restrict in)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint32_t)((float)((uint32_t)in[i] + 70000u) * 1.5f);
}

NOINLINE void multiply_long4(int64_t out[restrict 4], const int32_t a[restrict 4],
                             const int32_t b[restrict 4])
{
    for (int i = 0; i < 4; i++)
        out[i] = (int64_t)a[i] * b[i];
}

NOINLINE void high_halves4(uint16_t out[restrict 4], const uint64_t in[restrict 4])
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint16_t)(in[i] >> 40);
}

int main(int argc, char **argv)
{
    static uint8_t bytes[COUNT];
    static int8_t steps[COUNT];
    static int16_t half[COUNT], quantized[COUNT];
    static int32_t full[COUNT];
    static int64_t products[COUNT];
    static uint16_t words[COUNT];
    static uint32_t rounded[COUNT];
    static float unit[COUNT], squares[COUNT];
    static double wide[COUNT];
    uint64_t seed = 41;

    fill_bytes(&seed, bytes, sizeof bytes);
    fill_bytes(&seed, steps, sizeof steps);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--)
        for (int i = 0; i < COUNT; i += 8) {
            widen_bytes8(half + i, full + i, bytes + i);
            signed_bytes_to_float8(unit + i, steps + i);
            float_to_i16_8(quantized + i, unit + i);
            for (int k = i; k < i + 8; k += 4) {
                integers_to_double4(wide + k, full + k);
                narrow_double4(squares + k, wide + k);
                multiply_long4(products + k, full + k, full + i);
                high_halves4(words + k, (const uint64_t *)products + k);
                unsigned_round_trip4(rounded + k, words + k);
            }
        }

    uint64_t hash = checksum(CHECKSUM_START, full, sizeof full);
    hash = checksum(hash, quantized, sizeof quantized);
    hash = checksum(hash, squares, sizeof squares);
    hash = checksum(hash, products, sizeof products);
    hash = checksum(hash, rounded, sizeof rounded);
    return report("cast_widths", hash);
}
