/* FT: a heat equation solved in the frequency domain. The random state is
 * transformed once; then, for each time step, it is damped and transformed
 * back, and 1024 of its values are summed.
 *
 * The transforms of one direction are done for a block of neighbouring lines
 * at a time, which are copied to a small array and back. */
#include <math.h>
#include <stdio.h>

#include "../common/npb.h"

enum {
    NX = NPB_PICK(64, 128, 256),
    NY = NPB_PICK(64, 128, 256),
    NZ = NPB_PICK(64, 32, 128),
    NITER = 6,
    LONGEST = NX, /* no direction is longer than the first */
    NX_PADDED = NX + 1,
    BLOCK = 16, /* lines at a time */
    BLOCK_PADDED = BLOCK + 2,
    SAMPLES = 1024
};

typedef struct {
    double re, im;
} complex_t;

static const double published[3][NITER][2] = {
    {{554.6087004964, 484.5363331978},
     {554.6385409189, 486.5304269511},
     {554.6148406171, 488.3910722336},
     {554.5423607415, 490.1273169046},
     {554.4255039624, 491.7475857993},
     {554.2683411902, 493.2597244941}},
    {{567.3612178944, 529.3246849175},
     {563.1436885271, 528.2149986629},
     {559.4024089970, 527.0996558037},
     {556.0698047020, 526.0027904925},
     {553.0898991250, 524.9400845633},
     {550.4159734538, 523.9212247086}},
    {{504.6735008193, 511.4047905510},
     {505.9412319734, 509.8809666433},
     {506.9376896287, 509.8144042213},
     {507.7892868474, 510.1336130759},
     {508.5233095391, 510.4914655194},
     {509.1487099959, 510.7917842803}},
};

static complex_t frequencies[NZ][NY][NX_PADDED];
static complex_t state[NZ][NY][NX_PADDED];
static double damping[NZ][NY][NX_PADDED];

/* root[n + i] is exp(pi sqrt(-1) i / n) for each power of two n. */
static complex_t root[LONGEST];

static complex_t lines[LONGEST][BLOCK_PADDED];
static complex_t scratch[LONGEST][BLOCK_PADDED];

static complex_t sums[NITER];

void make_roots(void)
{
    double pi = acos(-1.0);
    for (int n = 1; n < LONGEST; n *= 2)
        for (int i = 0; i < n; i++) {
            double angle = pi * i / n;
            root[n + i].re = cos(angle);
            root[n + i].im = sin(angle);
        }
}

/* By how much one time step damps each frequency. */
void make_damping(void)
{
    double pi = acos(-1.0);
    double factor = -4.0 * NPB_COEFFICIENT(1e-6) * pi * pi;
    for (int k = 0; k < NZ; k++) {
        int kk = (k + NZ / 2) % NZ - NZ / 2;
        for (int j = 0; j < NY; j++) {
            int jj = (j + NY / 2) % NY - NY / 2;
            for (int i = 0; i < NX; i++) {
                int ii = (i + NX / 2) % NX - NX / 2;
                damping[k][j][i] = exp(factor * (double)(ii * ii + jj * jj + kk * kk));
            }
        }
    }
}

void make_state(void)
{
    static double line[2 * NX];
    double seed = 314159265.0;
    for (int k = 0; k < NZ; k++)
        for (int j = 0; j < NY; j++) {
            npb_random_vector(2 * NX, &seed, NPB_MULTIPLIER, line);
            for (int i = 0; i < NX; i++) {
                state[k][j][i].re = line[2 * i];
                state[k][j][i].im = line[2 * i + 1];
            }
        }
}

/* One pass of the Stockham transform over a block of lines of n points: pairs
 * that lie n/2 apart become neighbours at the distance of the pass. */
void fft_pass(int sign, int distance, int n, complex_t from[][BLOCK_PADDED], complex_t to[][BLOCK_PADDED])
{
    int half = n / 2;
    int groups = half / distance;

    for (int i = 0; i < groups; i++) {
        complex_t w = root[groups + i];
        if (sign < 0)
            w.im = -w.im;
        for (int k = 0; k < distance; k++) {
            int low = i * distance + k;
            int out = 2 * i * distance + k;
            for (int j = 0; j < BLOCK; j++) {
                complex_t first = from[low][j];
                complex_t second = from[low + half][j];
                double re = first.re - second.re;
                double im = first.im - second.im;
                to[out][j].re = first.re + second.re;
                to[out][j].im = first.im + second.im;
                to[out + distance][j].re = w.re * re - w.im * im;
                to[out + distance][j].im = w.re * im + w.im * re;
            }
        }
    }
}

/* Transforms the block of lines in place, without a scale factor. */
void fft_lines(int sign, int n)
{
    int in_scratch = 0;
    for (int distance = 1; distance < n; distance *= 2) {
        if (in_scratch)
            fft_pass(sign, distance, n, scratch, lines);
        else
            fft_pass(sign, distance, n, lines, scratch);
        in_scratch = !in_scratch;
    }
    if (in_scratch)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < BLOCK; j++)
                lines[i][j] = scratch[i][j];
}

void fft_x(int sign, complex_t x[NZ][NY][NX_PADDED])
{
    for (int k = 0; k < NZ; k++)
        for (int jj = 0; jj < NY; jj += BLOCK) {
            for (int j = 0; j < BLOCK; j++)
                for (int i = 0; i < NX; i++)
                    lines[i][j] = x[k][jj + j][i];
            fft_lines(sign, NX);
            for (int j = 0; j < BLOCK; j++)
                for (int i = 0; i < NX; i++)
                    x[k][jj + j][i] = lines[i][j];
        }
}

void fft_y(int sign, complex_t x[NZ][NY][NX_PADDED])
{
    for (int k = 0; k < NZ; k++)
        for (int ii = 0; ii < NX; ii += BLOCK) {
            for (int j = 0; j < NY; j++)
                for (int i = 0; i < BLOCK; i++)
                    lines[j][i] = x[k][j][ii + i];
            fft_lines(sign, NY);
            for (int j = 0; j < NY; j++)
                for (int i = 0; i < BLOCK; i++)
                    x[k][j][ii + i] = lines[j][i];
        }
}

void fft_z(int sign, complex_t x[NZ][NY][NX_PADDED])
{
    for (int j = 0; j < NY; j++)
        for (int ii = 0; ii < NX; ii += BLOCK) {
            for (int k = 0; k < NZ; k++)
                for (int i = 0; i < BLOCK; i++)
                    lines[k][i] = x[k][j][ii + i];
            fft_lines(sign, NZ);
            for (int k = 0; k < NZ; k++)
                for (int i = 0; i < BLOCK; i++)
                    x[k][j][ii + i] = lines[k][i];
        }
}

void to_frequencies(void)
{
    fft_x(1, state);
    fft_y(1, state);
    fft_z(1, state);
    for (int k = 0; k < NZ; k++)
        for (int j = 0; j < NY; j++)
            for (int i = 0; i < NX; i++)
                frequencies[k][j][i] = state[k][j][i];
}

void from_frequencies(void)
{
    fft_z(-1, state);
    fft_y(-1, state);
    fft_x(-1, state);
}

void evolve(void)
{
    for (int k = 0; k < NZ; k++)
        for (int j = 0; j < NY; j++)
            for (int i = 0; i < NX; i++) {
                frequencies[k][j][i].re *= damping[k][j][i];
                frequencies[k][j][i].im *= damping[k][j][i];
                state[k][j][i] = frequencies[k][j][i];
            }
}

complex_t checksum(void)
{
    complex_t sum = {0.0, 0.0};
    for (int j = 1; j <= SAMPLES; j++) {
        complex_t here = state[5 * j % NZ][3 * j % NY][j % NX];
        sum.re += here.re;
        sum.im += here.im;
    }
    sum.re /= (double)NX * NY * NZ;
    sum.im /= (double)NX * NY * NZ;
    return sum;
}

static void solve(int iterations)
{
    make_damping();
    make_state();
    make_roots();
    to_frequencies();
    for (int iteration = 0; iteration < iterations; iteration++) {
        evolve();
        from_frequencies();
        sums[iteration] = checksum();
    }
}

int main(void)
{
    char size[32];
    snprintf(size, sizeof size, "%dx%dx%d", NX, NY, NZ);
    npb_title("FT", size, NITER);

    solve(1); /* touches everything once */

    double start = npb_seconds();
    solve(NITER);
    double seconds = npb_seconds() - start;

    int good = 1;
    for (int i = 0; i < NITER; i++) {
        char what[32];
        snprintf(what, sizeof what, "checksum %d real", i + 1);
        good &= npb_compare(what, sums[i].re, published[NPB_CLASS_INDEX][i][0], 1e-12);
        snprintf(what, sizeof what, "checksum %d imaginary", i + 1);
        good &= npb_compare(what, sums[i].im, published[NPB_CLASS_INDEX][i][1], 1e-12);
    }
    return npb_finish("FT", seconds, good);
}
