/* CG: the smallest eigenvalue of a large sparse symmetric matrix by inverse
 * iteration, each system being solved by 25 steps of conjugate gradients.
 * The matrix is a weighted sum of outer products of random sparse vectors. */
#include <math.h>
#include <stdio.h>

#include "../common/npb.h"

enum {
    NA = NPB_PICK(1400, 7000, 14000),
    NONZER = NPB_PICK(7, 8, 11), /* entries of a random vector, but for the one on the diagonal */
    NITER = 15,
    CG_STEPS = 25,
    NZ = NA * (NONZER + 1) * (NONZER + 1) /* bound of the nonzeros */
};

static const double shift = NPB_PICK(10.0, 12.0, 20.0);
static const double rcond = 0.1;
static const double published[3] = {8.5971775078648, 10.362595087124, 17.130235054029};

/* Row i of the matrix is a[k], in the columns colidx[k], for k from rowstr[i]
 * up to rowstr[i + 1]. */
static int rowstr[NA + 1];
static int colidx[NZ];
static double a[NZ];

/* The sparse vectors whose outer products are summed. */
static int vector_length[NA];
static int vector_at[NA][NONZER + 1];
static double vector_value[NA][NONZER + 1];

static double x[NA], z[NA], p[NA], q[NA], r[NA];

/* Fills a vector with random values at random places, all different. Places
 * are drawn below a power of two; those beyond the matrix are dropped. */
static void random_sparse_vector(double *seed, double value[], int at[])
{
    int range = 1;
    while (range < NA)
        range *= 2;

    int n = 0;
    while (n < NONZER) {
        double element = npb_random(seed, NPB_MULTIPLIER);
        int place = (int)(range * npb_random(seed, NPB_MULTIPLIER));
        if (place >= NA)
            continue;
        int known = 0;
        for (int k = 0; k < n; k++)
            if (at[k] == place)
                known = 1;
        if (!known) {
            value[n] = element;
            at[n] = place;
            n++;
        }
    }
}

/* Sets the element at a place, which may be a new one; returns the length. */
static int set_element(int n, double value[], int at[], int place, double element)
{
    for (int k = 0; k < n; k++)
        if (at[k] == place) {
            value[k] = element;
            return n;
        }
    value[n] = element;
    at[n] = place;
    return n + 1;
}

/* Adds to an entry of a row that holds so many entries, sorted by column. */
static int add_to_row(int row, int filled, int column, double element)
{
    int start = rowstr[row];
    int k = start + filled;
    while (k > start && colidx[k - 1] > column)
        k--;
    if (k > start && colidx[k - 1] == column) {
        a[k - 1] += element;
        return filled;
    }
    for (int l = start + filled; l > k; l--) {
        colidx[l] = colidx[l - 1];
        a[l] = a[l - 1];
    }
    colidx[k] = column;
    a[k] = element;
    return filled + 1;
}

/* Sums the outer products, the i-th with the weight rcond^(i/n), and adds
 * rcond - shift on the diagonal. */
static void assemble(void)
{
    static int filled[NA];

    for (int i = 0; i <= NA; i++)
        rowstr[i] = 0;
    for (int i = 0; i < NA; i++) {
        filled[i] = 0;
        for (int k = 0; k < vector_length[i]; k++)
            rowstr[vector_at[i][k] + 1] += vector_length[i];
    }
    for (int i = 0; i < NA; i++)
        rowstr[i + 1] += rowstr[i];

    double weight = 1.0;
    double ratio = pow(rcond, 1.0 / NA);
    for (int i = 0; i < NA; i++) {
        for (int k = 0; k < vector_length[i]; k++) {
            int row = vector_at[i][k];
            double scale = weight * vector_value[i][k];
            for (int l = 0; l < vector_length[i]; l++) {
                int column = vector_at[i][l];
                double element = scale * vector_value[i][l];
                if (row == i && column == i)
                    element += rcond - shift;
                filled[row] = add_to_row(row, filled[row], column, element);
            }
        }
        weight *= ratio;
    }

    /* Close the gaps between the rows. */
    int to = 0;
    for (int i = 0; i < NA; i++) {
        int from = rowstr[i];
        rowstr[i] = to;
        for (int k = 0; k < filled[i]; k++) {
            colidx[to] = colidx[from + k];
            a[to] = a[from + k];
            to++;
        }
    }
    rowstr[NA] = to;
}

void make_matrix(void)
{
    double seed = 314159265.0;
    npb_random(&seed, NPB_MULTIPLIER);
    for (int i = 0; i < NA; i++) {
        random_sparse_vector(&seed, vector_value[i], vector_at[i]);
        vector_length[i] = set_element(NONZER, vector_value[i], vector_at[i], i, NPB_COEFFICIENT(0.5));
    }
    assemble();
}

/* Solves A z = x, nearly; returns the norm of what is left, x - A z. */
double conj_grad(void)
{
    double rho = 0.0;
    for (int j = 0; j < NA; j++) {
        q[j] = 0.0;
        z[j] = 0.0;
        r[j] = x[j];
        p[j] = r[j];
    }
    for (int j = 0; j < NA; j++)
        rho += r[j] * r[j];

    for (int step = 0; step < CG_STEPS; step++) {
        for (int j = 0; j < NA; j++) {
            double sum = 0.0;
            for (int k = rowstr[j]; k < rowstr[j + 1]; k++)
                sum += a[k] * p[colidx[k]];
            q[j] = sum;
        }

        double d = 0.0;
        for (int j = 0; j < NA; j++)
            d += p[j] * q[j];
        double alpha = rho / d;

        double rho_before = rho;
        rho = 0.0;
        for (int j = 0; j < NA; j++) {
            z[j] += alpha * p[j];
            r[j] -= alpha * q[j];
        }
        for (int j = 0; j < NA; j++)
            rho += r[j] * r[j];

        double beta = rho / rho_before;
        for (int j = 0; j < NA; j++)
            p[j] = r[j] + beta * p[j];
    }

    for (int j = 0; j < NA; j++) {
        double sum = 0.0;
        for (int k = rowstr[j]; k < rowstr[j + 1]; k++)
            sum += a[k] * z[colidx[k]];
        r[j] = sum;
    }
    double sum = 0.0;
    for (int j = 0; j < NA; j++) {
        double d = x[j] - r[j];
        sum += d * d;
    }
    return sqrt(sum);
}

/* One step of the inverse iteration; returns the estimate of the eigenvalue. */
double power_step(double *rest)
{
    *rest = conj_grad();

    double xz = 0.0;
    double zz = 0.0;
    for (int j = 0; j < NA; j++) {
        xz += x[j] * z[j];
        zz += z[j] * z[j];
    }
    double scale = 1.0 / sqrt(zz);
    for (int j = 0; j < NA; j++)
        x[j] = scale * z[j];
    return shift + 1.0 / xz;
}

int main(void)
{
    char size[32];
    snprintf(size, sizeof size, "%d rows", NA);
    npb_title("CG", size, NITER);

    double zeta = 0.0;
    double rest;
    make_matrix();
    for (int j = 0; j < NA; j++)
        x[j] = 1.0;
    power_step(&rest); /* touches everything once */
    for (int j = 0; j < NA; j++)
        x[j] = 1.0;

    double start = npb_seconds();
    for (int iteration = 1; iteration <= NITER; iteration++) {
        zeta = power_step(&rest);
        printf("  iteration %2d: rest %.6e zeta %.13f\n", iteration, rest, zeta);
    }
    double seconds = npb_seconds() - start;

    return npb_finish("CG", seconds, npb_compare("zeta", zeta, published[NPB_CLASS_INDEX], 1e-10));
}
