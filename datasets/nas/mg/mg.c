/* MG: V-cycles of a multigrid method for Poisson's equation with periodic
 * boundaries, the right-hand side being +1 and -1 at ten random places each.
 *
 * The grids of all levels lie one after the other in a single array. Each has
 * a layer of ghost points around it, so that a direction of n points takes
 * n + 2; the even points of a grid are those of the next coarser one. */
#include <math.h>
#include <stdio.h>

#include "../common/npb.h"

enum {
    LEVELS = NPB_PICK(5, 7, 8),
    N = 1 << LEVELS,
    M = N + 2, /* a line of the finest grid with its ghosts */
    NITER = 4,
    CHARGES = 10,
    /* The coarser grids together take less than a sixth of the finest and a
     * little, since each has an eighth of the points but for the ghosts. */
    FINEST = M * M * M,
    ALL = FINEST + FINEST / 6 + 1000
};

static const double published[3] = {5.307707005734e-5, 6.467329375339e-6, 2.433365309069e-6};

/* The operator A and the smoother C weigh points by how many of the three
 * indices differ: none, one, two or all. */
static const double a[4] = {NPB_COEFFICIENT(-8.0 / 3.0), 0.0, 1.0 / 6.0, 1.0 / 12.0};
static const double c[4] = {-3.0 / 8.0, 1.0 / 32.0, -1.0 / 64.0, 0.0};

static double u[ALL], r[ALL];
static double v[FINEST];

static int points[LEVELS + 1]; /* of a direction, with ghosts; level 1 is the coarsest */
static int offset[LEVELS + 1];

static void set_levels(void)
{
    int at = 0;
    for (int k = LEVELS; k >= 1; k--) {
        points[k] = (1 << k) + 2;
        offset[k] = at;
        at += points[k] * points[k] * points[k];
    }
}

void zero3(double *grid, int n1, int n2, int n3)
{
    double (*z)[n2][n1] = (double (*)[n2][n1])grid;
    for (int i3 = 0; i3 < n3; i3++)
        for (int i2 = 0; i2 < n2; i2++)
            for (int i1 = 0; i1 < n1; i1++)
                z[i3][i2][i1] = 0.0;
}

/* Copies the opposite faces into the ghost layers, one direction at a time. */
void comm3(double *grid, int n1, int n2, int n3)
{
    double (*x)[n2][n1] = (double (*)[n2][n1])grid;
    for (int i3 = 1; i3 < n3 - 1; i3++)
        for (int i2 = 1; i2 < n2 - 1; i2++) {
            x[i3][i2][0] = x[i3][i2][n1 - 2];
            x[i3][i2][n1 - 1] = x[i3][i2][1];
        }
    for (int i3 = 1; i3 < n3 - 1; i3++)
        for (int i1 = 0; i1 < n1; i1++) {
            x[i3][0][i1] = x[i3][n2 - 2][i1];
            x[i3][n2 - 1][i1] = x[i3][1][i1];
        }
    for (int i2 = 0; i2 < n2; i2++)
        for (int i1 = 0; i1 < n1; i1++) {
            x[0][i2][i1] = x[n3 - 2][i2][i1];
            x[n3 - 1][i2][i1] = x[1][i2][i1];
        }
}

/* r = v - A u, where r may be v. The sums over the four neighbours across the
 * line, straight and diagonal, serve three points of the line each. */
void resid(double *u_grid, double *v_grid, double *r_grid, int n1, int n2, int n3)
{
    double (*uu)[n2][n1] = (double (*)[n2][n1])u_grid;
    double (*vv)[n2][n1] = (double (*)[n2][n1])v_grid;
    double (*rr)[n2][n1] = (double (*)[n2][n1])r_grid;
    double across[M], diagonal[M];

    for (int i3 = 1; i3 < n3 - 1; i3++)
        for (int i2 = 1; i2 < n2 - 1; i2++) {
            for (int i1 = 0; i1 < n1; i1++) {
                across[i1] = uu[i3][i2 - 1][i1] + uu[i3][i2 + 1][i1] + uu[i3 - 1][i2][i1]
                    + uu[i3 + 1][i2][i1];
                diagonal[i1] = uu[i3 - 1][i2 - 1][i1] + uu[i3 - 1][i2 + 1][i1] + uu[i3 + 1][i2 - 1][i1]
                    + uu[i3 + 1][i2 + 1][i1];
            }
            for (int i1 = 1; i1 < n1 - 1; i1++) /* a[1] is zero */
                rr[i3][i2][i1] = vv[i3][i2][i1] - a[0] * uu[i3][i2][i1]
                    - a[2] * (diagonal[i1] + across[i1 - 1] + across[i1 + 1])
                    - a[3] * (diagonal[i1 - 1] + diagonal[i1 + 1]);
        }
    comm3(r_grid, n1, n2, n3);
}

/* u = u + C r: the smoother. */
void psinv(double *r_grid, double *u_grid, int n1, int n2, int n3)
{
    double (*rr)[n2][n1] = (double (*)[n2][n1])r_grid;
    double (*uu)[n2][n1] = (double (*)[n2][n1])u_grid;
    double across[M], diagonal[M];

    for (int i3 = 1; i3 < n3 - 1; i3++)
        for (int i2 = 1; i2 < n2 - 1; i2++) {
            for (int i1 = 0; i1 < n1; i1++) {
                across[i1] = rr[i3][i2 - 1][i1] + rr[i3][i2 + 1][i1] + rr[i3 - 1][i2][i1]
                    + rr[i3 + 1][i2][i1];
                diagonal[i1] = rr[i3 - 1][i2 - 1][i1] + rr[i3 - 1][i2 + 1][i1] + rr[i3 + 1][i2 - 1][i1]
                    + rr[i3 + 1][i2 + 1][i1];
            }
            for (int i1 = 1; i1 < n1 - 1; i1++) /* c[3] is zero */
                uu[i3][i2][i1] = uu[i3][i2][i1] + c[0] * rr[i3][i2][i1]
                    + c[1] * (rr[i3][i2][i1 - 1] + rr[i3][i2][i1 + 1] + across[i1])
                    + c[2] * (diagonal[i1] + across[i1 - 1] + across[i1 + 1]);
        }
    comm3(u_grid, n1, n2, n3);
}

/* Restriction: a coarse point takes a weighted mean of the 27 fine ones. */
void rprj3(double *fine, int n1, int n2, int n3, double *coarse, int m1, int m2, int m3)
{
    double (*rr)[n2][n1] = (double (*)[n2][n1])fine;
    double (*ss)[m2][m1] = (double (*)[m2][m1])coarse;
    double across[M], diagonal[M];
    (void)n3;

    for (int j3 = 1; j3 < m3 - 1; j3++) {
        int i3 = 2 * j3;
        for (int j2 = 1; j2 < m2 - 1; j2++) {
            int i2 = 2 * j2;
            for (int j1 = 1; j1 < m1; j1++) {
                int i1 = 2 * j1 - 1;
                across[i1] = rr[i3][i2 - 1][i1] + rr[i3][i2 + 1][i1] + rr[i3 - 1][i2][i1]
                    + rr[i3 + 1][i2][i1];
                diagonal[i1] = rr[i3 - 1][i2 - 1][i1] + rr[i3 + 1][i2 - 1][i1] + rr[i3 - 1][i2 + 1][i1]
                    + rr[i3 + 1][i2 + 1][i1];
            }
            for (int j1 = 1; j1 < m1 - 1; j1++) {
                int i1 = 2 * j1;
                double diagonal_here = rr[i3 - 1][i2 - 1][i1] + rr[i3 + 1][i2 - 1][i1] + rr[i3 - 1][i2 + 1][i1]
                    + rr[i3 + 1][i2 + 1][i1];
                double across_here = rr[i3][i2 - 1][i1] + rr[i3][i2 + 1][i1] + rr[i3 - 1][i2][i1]
                    + rr[i3 + 1][i2][i1];
                ss[j3][j2][j1] = 0.5 * rr[i3][i2][i1]
                    + 0.25 * (rr[i3][i2][i1 - 1] + rr[i3][i2][i1 + 1] + across_here)
                    + 0.125 * (across[i1 - 1] + across[i1 + 1] + diagonal_here)
                    + 0.0625 * (diagonal[i1 - 1] + diagonal[i1 + 1]);
            }
        }
    }
    comm3(coarse, m1, m2, m3);
}

/* Trilinear prolongation: adds the coarse correction to the fine solution,
 * ghosts included. */
void interp(double *coarse, int m1, int m2, int m3, double *fine, int n1, int n2, int n3)
{
    double (*zz)[m2][m1] = (double (*)[m2][m1])coarse;
    double (*uu)[n2][n1] = (double (*)[n2][n1])fine;
    double edge2[M], edge3[M], face[M];
    (void)n3;

    for (int i3 = 0; i3 < m3 - 1; i3++)
        for (int i2 = 0; i2 < m2 - 1; i2++) {
            for (int i1 = 0; i1 < m1; i1++) {
                edge2[i1] = zz[i3][i2 + 1][i1] + zz[i3][i2][i1];
                edge3[i1] = zz[i3 + 1][i2][i1] + zz[i3][i2][i1];
                face[i1] = zz[i3 + 1][i2 + 1][i1] + zz[i3 + 1][i2][i1] + edge2[i1];
            }
            for (int i1 = 0; i1 < m1 - 1; i1++) {
                uu[2 * i3][2 * i2][2 * i1] += zz[i3][i2][i1];
                uu[2 * i3][2 * i2][2 * i1 + 1] += 0.5 * (zz[i3][i2][i1 + 1] + zz[i3][i2][i1]);
            }
            for (int i1 = 0; i1 < m1 - 1; i1++) {
                uu[2 * i3][2 * i2 + 1][2 * i1] += 0.5 * edge2[i1];
                uu[2 * i3][2 * i2 + 1][2 * i1 + 1] += 0.25 * (edge2[i1] + edge2[i1 + 1]);
            }
            for (int i1 = 0; i1 < m1 - 1; i1++) {
                uu[2 * i3 + 1][2 * i2][2 * i1] += 0.5 * edge3[i1];
                uu[2 * i3 + 1][2 * i2][2 * i1 + 1] += 0.25 * (edge3[i1] + edge3[i1 + 1]);
            }
            for (int i1 = 0; i1 < m1 - 1; i1++) {
                uu[2 * i3 + 1][2 * i2 + 1][2 * i1] += 0.25 * face[i1];
                uu[2 * i3 + 1][2 * i2 + 1][2 * i1 + 1] += 0.125 * (face[i1] + face[i1 + 1]);
            }
        }
}

/* Root mean square over the points that are no ghosts, and the largest. */
double norm2u3(double *grid, int n1, int n2, int n3, double *largest)
{
    double (*x)[n2][n1] = (double (*)[n2][n1])grid;
    double sum = 0.0;
    double most = 0.0;
    for (int i3 = 1; i3 < n3 - 1; i3++)
        for (int i2 = 1; i2 < n2 - 1; i2++)
            for (int i1 = 1; i1 < n1 - 1; i1++) {
                sum += x[i3][i2][i1] * x[i3][i2][i1];
                double size = fabs(x[i3][i2][i1]);
                if (size > most)
                    most = size;
            }
    *largest = most;
    return sqrt(sum / ((double)(n1 - 2) * (n2 - 2) * (n3 - 2)));
}

struct place {
    double value;
    int i1, i2, i3;
};

/* Keeps the ten largest values, in falling order. */
static void keep_largest(struct place best[CHARGES], struct place here)
{
    if (here.value <= best[CHARGES - 1].value)
        return;
    int k = CHARGES - 1;
    for (; k > 0 && best[k - 1].value < here.value; k--)
        best[k] = best[k - 1];
    best[k] = here;
}

/* The right-hand side: random numbers decide where the charges go. */
void place_charges(double *grid, int n1, int n2, int n3)
{
    double (*z)[n2][n1] = (double (*)[n2][n1])grid;
    struct place high[CHARGES], low[CHARGES]; /* low keeps negated values */
    double seed = 314159265.0;

    for (int k = 0; k < CHARGES; k++) {
        high[k] = (struct place){0.0, 1, 1, 1};
        low[k] = (struct place){-1.0, 1, 1, 1};
    }
    for (int i3 = 1; i3 < n3 - 1; i3++)
        for (int i2 = 1; i2 < n2 - 1; i2++) {
            npb_random_vector(n1 - 2, &seed, NPB_MULTIPLIER, &z[i3][i2][1]);
            for (int i1 = 1; i1 < n1 - 1; i1++) {
                keep_largest(high, (struct place){z[i3][i2][i1], i1, i2, i3});
                keep_largest(low, (struct place){-z[i3][i2][i1], i1, i2, i3});
            }
        }

    zero3(grid, n1, n2, n3);
    for (int k = 0; k < CHARGES; k++) {
        z[low[k].i3][low[k].i2][low[k].i1] = -1.0;
        z[high[k].i3][high[k].i2][high[k].i1] = 1.0;
    }
    comm3(grid, n1, n2, n3);
}

/* One V-cycle: the residual goes down to the coarsest grid, and corrections
 * come back up, smoothed on each level. */
void v_cycle(void)
{
    for (int k = LEVELS; k > 1; k--) {
        int n = points[k];
        int m = points[k - 1];
        rprj3(&r[offset[k]], n, n, n, &r[offset[k - 1]], m, m, m);
    }

    int n = points[1];
    zero3(&u[offset[1]], n, n, n);
    psinv(&r[offset[1]], &u[offset[1]], n, n, n);

    for (int k = 2; k < LEVELS; k++) {
        int m = points[k - 1];
        n = points[k];
        zero3(&u[offset[k]], n, n, n);
        interp(&u[offset[k - 1]], m, m, m, &u[offset[k]], n, n, n);
        resid(&u[offset[k]], &r[offset[k]], &r[offset[k]], n, n, n);
        psinv(&r[offset[k]], &u[offset[k]], n, n, n);
    }

    int m = points[LEVELS - 1];
    n = points[LEVELS];
    interp(&u[offset[LEVELS - 1]], m, m, m, &u[0], n, n, n);
    resid(u, v, r, n, n, n);
    psinv(r, u, n, n, n);
}

static void start_over(void)
{
    zero3(u, M, M, M);
    place_charges(v, M, M, M);
    resid(u, v, r, M, M, M);
}

int main(void)
{
    char size[32];
    double largest;
    snprintf(size, sizeof size, "%dx%dx%d", N, N, N);
    npb_title("MG", size, NITER);
    set_levels();

    start_over(); /* touches everything once */
    v_cycle();
    resid(u, v, r, M, M, M);
    start_over();
    printf("  residual norm at first %.13e\n", norm2u3(r, M, M, M, &largest));

    double start = npb_seconds();
    resid(u, v, r, M, M, M);
    for (int iteration = 1; iteration <= NITER; iteration++) {
        v_cycle();
        resid(u, v, r, M, M, M);
    }
    double norm = norm2u3(r, M, M, M, &largest);
    double seconds = npb_seconds() - start;

    printf("  largest residual %.13e\n", largest);
    return npb_finish("MG", seconds, npb_compare("residual norm", norm, published[NPB_CLASS_INDEX], 1e-8));
}
