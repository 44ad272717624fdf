/* Compressible flow with five conserved variables (density, momentum, energy):
 * flux, upwinded difference with dissipation, fourth-order smoothing, flux
 * Jacobian. Exercises groups of 5 with odd lanes, divisions, shared products. */
#include <math.h>

#include "kernel.h"

enum { CELLS = 64 };

#define GAMMA 1.4

typedef struct { double rho, mx, my, mz, e; } cell;

NOINLINE void flux_x(cell *restrict out, const cell *restrict u)
{
    double inverse = 1.0 / u->rho;
    double velocity = u->mx * inverse;
    double square = u->mx * u->mx + u->my * u->my + u->mz * u->mz;
    double pressure = (GAMMA - 1.0) * (u->e - 0.5 * square * inverse);

    out->rho = u->mx;
    out->mx = u->mx * velocity + pressure;
    out->my = u->my * velocity;
    out->mz = u->mz * velocity;
    out->e = (u->e + pressure) * velocity;
}

/* The flux through a face: the mean less a multiple of the jump. */
NOINLINE void face(cell *out, const cell *left, const cell *right, const cell *fl, const cell *fr,
                   double speed)
{
    out->rho = 0.5 * (fl->rho + fr->rho) - speed * (right->rho - left->rho);
    out->mx = 0.5 * (fl->mx + fr->mx) - speed * (right->mx - left->mx);
    out->my = 0.5 * (fl->my + fr->my) - speed * (right->my - left->my);
    out->mz = 0.5 * (fl->mz + fr->mz) - speed * (right->mz - left->mz);
    out->e = 0.5 * (fl->e + fr->e) - speed * (right->e - left->e);
}

/* u is the middle one of five neighbours. */
NOINLINE void smooth(double *rhs, const double u[25], double weight)
{
    for (int m = 0; m < 5; m++)
        rhs[m] = rhs[m] - weight * (u[m] - 4.0 * u[5 + m] + 6.0 * u[10 + m]
                                    - 4.0 * u[15 + m] + u[20 + m]);
}

NOINLINE double fastest(const cell *u)
{
    double inverse = 1.0 / u->rho;
    double x = u->mx * inverse, y = u->my * inverse, z = u->mz * inverse;
    double pressure = (GAMMA - 1.0) * (u->e - 0.5 * u->rho * (x * x + y * y + z * z));
    return fabs(x) + sqrt(GAMMA * pressure * inverse);
}

NOINLINE void jacobian(double a[restrict 5][5], const cell *restrict u)
{
    double r = 1.0 / u->rho, x = u->mx * r, y = u->my * r, z = u->mz * r;
    double half = 0.5 * (x * x + y * y + z * z), h = GAMMA * u->e * r;
    const double g = GAMMA - 1.0;
    const double rows[5][5] = {
        {0.0, 1.0, 0.0, 0.0, 0.0},
        {g * half - x * x, (2.0 - g) * x, -g * y, -g * z, g},
        {-x * y, y, x, 0.0, 0.0},
        {-x * z, z, 0.0, x, 0.0},
        {(2.0 * g * half - h) * x, h - g * (half + x * x), -g * x * y, -g * x * z, GAMMA * x},
    };
    memcpy(a, rows, sizeof rows);
}

int main(int argc, char **argv)
{
    static cell u[CELLS], flux[CELLS], faces[CELLS], rhs[CELLS];
    static double jacobians[CELLS][5][5];
    uint64_t seed = 38;

    fill_double(&seed, u, sizeof u, -0.5, 0.5);
    for (int i = 0; i < CELLS; i++) {
        u[i].rho += 1.5;
        u[i].e += 4.0;
    }

    for (unsigned long r = repeat_count(argc, argv); r > 0; r--) {
        for (int i = 0; i < CELLS; i++) {
            flux_x(&flux[i], &u[i]);
            jacobian(jacobians[i], &u[i]);
        }
        for (int i = 0; i + 1 < CELLS; i++)
            face(&faces[i], &u[i], &u[i + 1], &flux[i], &flux[i + 1], 0.25 * fastest(&u[i]));
        memcpy(rhs, faces, sizeof rhs);
        for (int i = 2; i + 2 < CELLS; i++)
            smooth((double *)&rhs[i], (const double *)&u[i - 2], 0.0625);
    }

    uint64_t hash = checksum(CHECKSUM_START, flux, sizeof flux);
    hash = checksum(hash, rhs, sizeof rhs);
    hash = checksum(hash, jacobians, sizeof jacobians);
    return report("euler_flux5", hash);
}
