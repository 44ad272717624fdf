/* Gravitation of a few bodies: pair force on both bodies at once, leapfrog
 * drift and kick, kinetic energy. Exercises groups of 3, updates of opposite
 * sign on two structures that may alias, sqrt and division between them. */
#include <math.h>

#include "kernel.h"

enum { BODIES = 5, STEPS = 24 };

typedef struct { double x, y, z, mass, vx, vy, vz; } body;

NOINLINE void attract(body *a, body *b, double dt)
{
    double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
    double d2 = dx * dx + dy * dy + dz * dz + 0.0625;
    double pull = dt / (d2 * sqrt(d2));
    double ma = a->mass * pull, mb = b->mass * pull;

    a->vx -= dx * mb;
    a->vy -= dy * mb;
    a->vz -= dz * mb;
    b->vx += dx * ma;
    b->vy += dy * ma;
    b->vz += dz * ma;
}

NOINLINE void drift(body *b, double dt)
{
    b->x += dt * b->vx;
    b->y += dt * b->vy;
    b->z += dt * b->vz;
}

/* The pull of four sources, given coordinate by coordinate, on one place. */
NOINLINE void field4(float out[restrict 3], const float place[restrict 3],
                     const float sources[restrict 16])
{
    float w[4], dx[4], dy[4], dz[4];
    for (int i = 0; i < 4; i++) {
        dx[i] = sources[i] - place[0];
        dy[i] = sources[4 + i] - place[1];
        dz[i] = sources[8 + i] - place[2];
        float d2 = dx[i] * dx[i] + dy[i] * dy[i] + dz[i] * dz[i] + 0.0625f;
        w[i] = sources[12 + i] / (d2 * sqrtf(d2));
    }
    out[0] = w[0] * dx[0] + w[1] * dx[1] + w[2] * dx[2] + w[3] * dx[3];
    out[1] = w[0] * dy[0] + w[1] * dy[1] + w[2] * dy[2] + w[3] * dy[3];
    out[2] = w[0] * dz[0] + w[1] * dz[1] + w[2] * dz[2] + w[3] * dz[3];
}

NOINLINE double kinetic_energy(const body *b)
{
    return 0.5 * b->mass * (b->vx * b->vx + b->vy * b->vy + b->vz * b->vz);
}

int main(int argc, char **argv)
{
    static body start[BODIES], bodies[BODIES];
    static float sources[16], places[STEPS][3], fields[STEPS][3];
    double energy = 0.0;
    uint64_t seed = 35;

    fill_double(&seed, start, sizeof start, -1.0, 1.0);
    fill_float(&seed, sources, sizeof sources, 0.25, 2.25);
    fill_float(&seed, places, sizeof places, -2.0, 2.0);
    for (int i = 0; i < BODIES; i++)
        start[i].mass += 1.5;

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        memcpy(bodies, start, sizeof bodies);
        for (int step = 0; step < STEPS; step++) {
            for (int i = 0; i < BODIES; i++)
                for (int j = i + 1; j < BODIES; j++)
                    attract(&bodies[i], &bodies[j], 0.015625);
            for (int i = 0; i < BODIES; i++)
                drift(&bodies[i], 0.015625);
            field4(fields[step], places[step], sources);
        }
        for (int i = 0; i < BODIES; i++)
            energy += kinetic_energy(&bodies[i]);
    }

    uint64_t hash = checksum(CHECKSUM_START, bodies, sizeof bodies);
    hash = checksum(hash, fields, sizeof fields);
    hash = checksum(hash, &energy, sizeof energy);
    return report("n_body", hash);
}
