#include <math.h>
#include <stdio.h>

#include "npb.h"

void npb_title(const char *name, const char *size, int iterations)
{
    printf("%s class %c, size %s, %d iterations\n", name, NPB_PICK('S', 'W', 'A'), size, iterations);
}

int npb_compare(const char *what, double computed, double published, double epsilon)
{
    double error = fabs((computed - published) / published);
    int good = error <= epsilon; /* not so for a NaN */
    printf("  %-22s %.13e published %.13e error %.2e %s\n", what, computed, published, error,
           good ? "ok" : "WRONG");
    return good;
}

int npb_finish(const char *name, double seconds, int verified)
{
    printf("%s time %.3f seconds\n", name, seconds);
    printf("verification %s\n", verified ? "successful" : "failed");
    return verified ? 0 : 1;
}
