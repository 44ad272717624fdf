/* EP, "embarrassingly parallel": pairs of Gaussian deviates by the polar
 * method, from batches of uniform numbers that could each be made apart. The
 * deviates are summed, and counted by the square annulus in which they lie. */
#include <math.h>
#include <stdio.h>

#include "../common/npb.h"

enum {
    LOG_PAIRS = NPB_PICK(24, 25, 28),
    LOG_BATCH = 16,
    BATCH = 1 << LOG_BATCH, /* pairs made from one batch */
    BATCHES = 1 << (LOG_PAIRS - LOG_BATCH),
    ANNULI = 10
};

static const double first_seed = 271828183.0;

static const double published[3][2] = {
    {-3.247834652034740e3, -6.958407078382297e3},
    {-2.863319731645753e3, -6.320053679109499e3},
    {-4.295875165629892e3, -1.580732573678431e4},
};

static double uniform[2 * BATCH];
static double count[ANNULI];
static double sum_x, sum_y;

void make_batch(long batch)
{
    double seed = npb_random_jump(first_seed, NPB_MULTIPLIER, batch * 2 * BATCH);
    npb_random_vector(2 * BATCH, &seed, NPB_MULTIPLIER, uniform);
}

void count_batch(void)
{
    for (int i = 0; i < BATCH; i++) {
        double x = 2.0 * uniform[2 * i] - 1.0;
        double y = 2.0 * uniform[2 * i + 1] - 1.0;
        double t = x * x + y * y;
        if (t <= 1.0) {
            double scale = sqrt(NPB_COEFFICIENT(-2.0) * log(t) / t);
            double gauss_x = x * scale;
            double gauss_y = y * scale;
            int annulus = (int)fmax(fabs(gauss_x), fabs(gauss_y));
            count[annulus] += 1.0;
            sum_x += gauss_x;
            sum_y += gauss_y;
        }
    }
}

static void clear(void)
{
    sum_x = 0.0;
    sum_y = 0.0;
    for (int l = 0; l < ANNULI; l++)
        count[l] = 0.0;
}

int main(void)
{
    char size[32];
    snprintf(size, sizeof size, "2^%d pairs", LOG_PAIRS);
    npb_title("EP", size, 1);

    make_batch(0); /* touches everything once */
    count_batch();
    clear();

    double start = npb_seconds();
    for (long batch = 0; batch < BATCHES; batch++) {
        make_batch(batch);
        count_batch();
    }
    double seconds = npb_seconds() - start;

    double pairs = 0.0;
    for (int l = 0; l < ANNULI; l++) {
        printf("  annulus %d: %.0f\n", l, count[l]);
        pairs += count[l];
    }
    printf("  Gaussian pairs: %.0f\n", pairs);

    int good = npb_compare("sum x", sum_x, published[NPB_CLASS_INDEX][0], 1e-8);
    good &= npb_compare("sum y", sum_y, published[NPB_CLASS_INDEX][1], 1e-8);
    return npb_finish("EP", seconds, good);
}
