/* Lattice-Boltzmann flow on a D2Q9 lattice: moments, collision in one structure
 * of nine floats, the same for four cells side by side, and a bounce-back wall.
 * Exercises groups of 9 and 4, terms of opposite sign, reversed directions. */
#include "kernel.h"

enum { CELLS = 96 };

/* Rest, then east, north, west, south, then the diagonals from north-east. */
typedef struct { float f[9]; } site;

NOINLINE void moments(float out[restrict 3], const site *restrict s)
{
    const float *f = s->f;
    float rho = f[0] + f[1] + f[2] + f[3] + f[4] + f[5] + f[6] + f[7] + f[8];
    out[0] = rho;
    out[1] = (f[1] + f[5] + f[8] - f[3] - f[6] - f[7]) / rho;
    out[2] = (f[2] + f[5] + f[6] - f[4] - f[7] - f[8]) / rho;
}

NOINLINE void collide(site *s, const float m[3], float omega)
{
    float rho = m[0], x = m[1], y = m[2];
    float base = 1.0f - 1.5f * (x * x + y * y);
    float axis = rho / 9.0f, diagonal = rho / 36.0f;
    float p = x + y, q = x - y;
    float *f = s->f;

    f[0] += omega * (4.0f * axis * base - f[0]);
    f[1] += omega * (axis * (base + 3.0f * x + 4.5f * x * x) - f[1]);
    f[2] += omega * (axis * (base + 3.0f * y + 4.5f * y * y) - f[2]);
    f[3] += omega * (axis * (base - 3.0f * x + 4.5f * x * x) - f[3]);
    f[4] += omega * (axis * (base - 3.0f * y + 4.5f * y * y) - f[4]);
    f[5] += omega * (diagonal * (base + 3.0f * p + 4.5f * p * p) - f[5]);
    f[6] += omega * (diagonal * (base - 3.0f * q + 4.5f * q * q) - f[6]);
    f[7] += omega * (diagonal * (base - 3.0f * p + 4.5f * p * p) - f[7]);
    f[8] += omega * (diagonal * (base + 3.0f * q + 4.5f * q * q) - f[8]);
}

/* Three directions on a line; each lane is a cell. */
NOINLINE void collide_lanes(double f[restrict 3][4], double omega)
{
    for (int i = 0; i < 4; i++) {
        double rho = f[0][i] + f[1][i] + f[2][i];
        double u = (f[1][i] - f[2][i]) / rho;
        double rest = rho * (2.0 / 3.0 - u * u), half = 0.5 * (rho - rest);
        f[0][i] += omega * (rest - f[0][i]);
        f[1][i] += omega * (half + 0.5 * rho * u - f[1][i]);
        f[2][i] += omega * (half - 0.5 * rho * u - f[2][i]);
    }
}

NOINLINE void bounce(site *restrict out, const site *restrict in)
{
    static const int opposite[9] = {0, 3, 4, 1, 2, 7, 8, 5, 6};
    for (int k = 0; k < 9; k++)
        out->f[k] = in->f[opposite[k]];
}

int main(int argc, char **argv)
{
    static site start[CELLS], sites[CELLS], walls[CELLS];
    static float fields[CELLS][3];
    static double lines[CELLS][3][4];
    uint64_t seed = 53;

    fill_float(&seed, start, sizeof start, 0.0625, 0.1875);

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        memcpy(sites, start, sizeof sites);
        for (int i = 0; i < CELLS; i++) {
            moments(fields[i], &sites[i]);
            collide(&sites[i], fields[i], 0.75f);
            bounce(&walls[i], &sites[i]);
            for (int k = 0; k < 12; k++)
                lines[i][k / 4][k % 4] = 1.0 + sites[i].f[k % 9];
            collide_lanes(lines[i], 1.25);
        }
    }

    uint64_t hash = checksum(CHECKSUM_START, sites, sizeof sites);
    hash = checksum(hash, fields, sizeof fields);
    hash = checksum(hash, walls, sizeof walls);
    hash = checksum(hash, lines, sizeof lines);
    return report("lattice_boltzmann", hash);
}
