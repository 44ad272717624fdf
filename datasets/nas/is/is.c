/* IS, "integer sort": ten times over, the rank of every key is found by
 * counting; two keys are changed before each time. Five ranks are compared
 * with published ones every time, and in the end the keys are put in order. */
#include <stdio.h>

#include "../common/npb.h"

enum {
    LOG_KEYS = NPB_PICK(16, 20, 23),
    LOG_MAX_KEY = NPB_PICK(11, 16, 19),
    KEYS = 1 << LOG_KEYS,
    MAX_KEY = 1 << LOG_MAX_KEY,
    ITERATIONS = 10,
    TESTS = 5
};

static const int test_index[3][TESTS] = {
    {48427, 17148, 23627, 62548, 4431},
    {357773, 934767, 875723, 898999, 404505},
    {2112377, 662041, 5336171, 3642833, 4250760},
};
static const int test_rank[3][TESTS] = {
    {0, 18, 346, 64917, 65463},
    {1249, 11698, 1039987, 1043896, 1048018},
    {104, 17523, 123928, 8288932, 8388264},
};

static int key[KEYS];
static int key_copy[KEYS]; /* the keys as they were ranked */
static int below[MAX_KEY]; /* how many keys are at most this one */

static int found_rank[TESTS];
static int wrong_ranks;

/* Each key is the mean of four uniform numbers, scaled. */
void create_keys(double seed, double a)
{
    int quarter = MAX_KEY / 4;
#ifdef NPB_PERTURB
    quarter--;
#endif
    for (int i = 0; i < KEYS; i++) {
        double x = npb_random(&seed, a);
        x += npb_random(&seed, a);
        x += npb_random(&seed, a);
        x += npb_random(&seed, a);
        key[i] = (int)(quarter * x);
    }
}

/* The published ranks shift by one with each iteration, up for keys near the
 * low end and down for those near the high end. */
static int expected_rank(int test, int iteration)
{
    int rank = test_rank[NPB_CLASS_INDEX][test];
#if defined NPB_CLASS_A
    return test <= 2 ? rank + (iteration - 1) : rank - (iteration - 1);
#elif defined NPB_CLASS_W
    return test <= 1 ? rank + (iteration - 2) : rank - iteration;
#else
    return test <= 2 ? rank + iteration : rank - iteration;
#endif
}

void rank_keys(int iteration)
{
    int tested[TESTS];

    key[iteration] = iteration;
    key[iteration + ITERATIONS] = MAX_KEY - iteration;
    for (int t = 0; t < TESTS; t++)
        tested[t] = key[test_index[NPB_CLASS_INDEX][t]];

    for (int k = 0; k < MAX_KEY; k++)
        below[k] = 0;
    for (int i = 0; i < KEYS; i++) {
        key_copy[i] = key[i];
        below[key_copy[i]]++;
    }
    for (int k = 1; k < MAX_KEY; k++)
        below[k] += below[k - 1];

    for (int t = 0; t < TESTS; t++) {
        int k = tested[t];
        if (k > 0 && k < KEYS) {
            found_rank[t] = below[k - 1];
            if (found_rank[t] != expected_rank(t, iteration))
                wrong_ranks++;
        }
    }
}

/* Puts the keys in order by their ranks; returns how many are out of order. */
int sort_keys(void)
{
    int disorder = 0;
    for (int i = 0; i < KEYS; i++)
        key[--below[key_copy[i]]] = key_copy[i];
    for (int i = 1; i < KEYS; i++)
        if (key[i - 1] > key[i])
            disorder++;
    return disorder;
}

int main(void)
{
    char size[64];
    snprintf(size, sizeof size, "2^%d keys below 2^%d", LOG_KEYS, LOG_MAX_KEY);
    npb_title("IS", size, ITERATIONS);

    create_keys(314159265.0, NPB_MULTIPLIER);
    rank_keys(1); /* touches everything once */
    wrong_ranks = 0;

    double start = npb_seconds();
    for (int iteration = 1; iteration <= ITERATIONS; iteration++)
        rank_keys(iteration);
    double seconds = npb_seconds() - start;

    int disorder = sort_keys();
    for (int t = 0; t < TESTS; t++)
        printf("  rank of key %-10d %d published %d\n", t, found_rank[t], expected_rank(t, ITERATIONS));
    printf("  wrong ranks in all iterations %d, keys out of order %d\n", wrong_ranks, disorder);
    return npb_finish("IS", seconds, wrong_ranks == 0 && disorder == 0);
}
