/* The linear congruential generator of the specification. Products of two
 * 46-bit numbers do not fit a double, so each factor is cut into two halves of
 * 23 bits; every intermediate result is then a whole number that is exact. */
#include "npb.h"

static const double two23 = 8388608.0;
static const double two46 = 70368744177664.0;
static const double half23 = 1.0 / 8388608.0;
static const double half46 = 1.0 / 70368744177664.0;

double npb_random(double *x, double a)
{
    double a_high = (double)(int)(half23 * a);
    double a_low = a - two23 * a_high;
    double x_high = (double)(int)(half23 * *x);
    double x_low = *x - two23 * x_high;

    /* The middle terms modulo 2^23, then the whole modulo 2^46. */
    double middle = a_high * x_low + a_low * x_high;
    double z = middle - two23 * (double)(int)(half23 * middle);
    double sum = two23 * z + a_low * x_low;
    *x = sum - two46 * (double)(int)(half46 * sum);
    return half46 * *x;
}

void npb_random_vector(int n, double *x, double a, double *to)
{
    double a_high = (double)(int)(half23 * a);
    double a_low = a - two23 * a_high;
    double seed = *x;

    for (int i = 0; i < n; i++) {
        double x_high = (double)(int)(half23 * seed);
        double x_low = seed - two23 * x_high;
        double middle = a_high * x_low + a_low * x_high;
        double z = middle - two23 * (double)(int)(half23 * middle);
        double sum = two23 * z + a_low * x_low;
        seed = sum - two46 * (double)(int)(half46 * sum);
        to[i] = half46 * seed;
    }
    *x = seed;
}

double npb_random_jump(double seed, double a, long steps)
{
    double power = a;
    for (; steps > 0; steps /= 2) {
        if (steps % 2 != 0)
            npb_random(&seed, power);
        npb_random(&power, power);
    }
    return seed;
}
