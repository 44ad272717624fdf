/* Lookups by computed index: byte substitution, interpolation in a table, a
 * particle's charge spread over a grid, a histogram. Exercises arithmetic
 * packs between gathered loads and scattered stores that may collide. */
#include "kernel.h"

enum { COUNT = 128, GRID = 32 };

NOINLINE void substitute8(uint8_t v[restrict 8], const uint8_t box[restrict 256])
{
    for (int i = 0; i < 8; i++)
        v[i] = (uint8_t)(box[v[i]] ^ (uint8_t)(17 * i));
}

/* One column of a block cipher: four table words, each turned by a byte. */
NOINLINE uint32_t column(const uint32_t table[256], uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    uint32_t u = table[b >> 8 & 255], v = table[c >> 16 & 255], w = table[d >> 24];
    return table[a & 255] ^ (u << 8 | u >> 24) ^ (v << 16 | v >> 16) ^ (w << 24 | w >> 8);
}

NOINLINE void interpolate4(float out[restrict 4], const float x[restrict 4],
                           const float *restrict table)
{
    for (int i = 0; i < 4; i++) {
        int at = (int)x[i];
        float t = x[i] - (float)at;
        out[i] = table[at] + (table[at + 1] - table[at]) * t;
    }
}

/* Cloud in cell: a charge goes to the four grid points around it. */
NOINLINE void deposit(double *grid, double x, double y, double charge)
{
    int column = (int)x, row = (int)y;
    double fx = x - column, fy = y - row;
    double *at = grid + row * GRID + column;
    at[0] += charge * (1.0 - fx) * (1.0 - fy);
    at[1] += charge * fx * (1.0 - fy);
    at[GRID] += charge * (1.0 - fx) * fy;
    at[GRID + 1] += charge * fx * fy;
}

/* Two bins may be the same one. */
NOINLINE void count4(uint32_t *histogram, const uint16_t v[4])
{
    histogram[v[0] >> 10]++;
    histogram[v[1] >> 10]++;
    histogram[v[2] >> 10]++;
    histogram[v[3] >> 10]++;
}

int main(int argc, char **argv)
{
    static uint8_t box[256], text[8 * COUNT];
    static uint32_t table[256], columns[COUNT], histogram[64];
    static float x[COUNT], curve[GRID + 1], y[COUNT];
    static double places[COUNT][2], grid[GRID * GRID];
    static uint16_t samples[COUNT];
    uint64_t seed = 45;

    fill_bytes(&seed, box, sizeof box);
    fill_bytes(&seed, text, sizeof text);
    fill_bytes(&seed, table, sizeof table);
    fill_bytes(&seed, samples, sizeof samples);
    fill_float(&seed, x, sizeof x, 0.0, GRID);
    fill_float(&seed, curve, sizeof curve, -1.0, 1.0);
    fill_double(&seed, places, sizeof places, 0.0, GRID - 1.0);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        for (int i = 0; i < COUNT; i++) {
            uint32_t w[4];
            substitute8(text + 8 * i, box);
            deposit(grid, places[i][0], places[i][1], 0.5);
            for (int k = 0; k < 4; k++)
                w[k] = columns[(i + k) % COUNT];
            columns[i] = column(table, w[0], w[1], w[2], w[3]) ^ text[8 * i];
        }
        for (int i = 0; i < COUNT; i += 4) {
            interpolate4(y + i, x + i, curve);
            count4(histogram, samples + i);
        }
    }

    uint64_t hash = checksum(CHECKSUM_START, text, sizeof text);
    hash = checksum(hash, columns, sizeof columns);
    hash = checksum(hash, y, sizeof y);
    hash = checksum(hash, grid, sizeof grid);
    hash = checksum(hash, histogram, sizeof histogram);
    return report("table_lookup", hash);
}
