/* What the eight programs share: the problem class, the random numbers of the
 * specification, a timer, and the printed comparison with published values. */
#ifndef NPB_H
#define NPB_H

/* The class is chosen when compiling: -DNPB_CLASS_S, _W or _A. */
#if defined NPB_CLASS_A
#define NPB_PICK(s, w, a) (a)
#elif defined NPB_CLASS_W
#define NPB_PICK(s, w, a) (w)
#else
#define NPB_PICK(s, w, a) (s)
#endif

/* Index of the class in tables that hold all three. */
enum { NPB_CLASS_INDEX = NPB_PICK(0, 1, 2) };

/* -DNPB_PERTURB makes one coefficient of each program slightly wrong, to show
 * that the verification notices. */
#ifdef NPB_PERTURB
#define NPB_COEFFICIENT(value) ((value) * 1.00001)
#else
#define NPB_COEFFICIENT(value) (value)
#endif

/* x <- a x mod 2^46, with whole numbers below 2^46 held in doubles. */
#define NPB_MULTIPLIER 1220703125.0 /* 5^13 */

double npb_random(double *x, double a);                      /* one step; x 2^-46 */
void npb_random_vector(int n, double *x, double a, double *to); /* n steps */
double npb_random_jump(double seed, double a, long steps);   /* the seed after so many steps */

double npb_seconds(void);

/* The first line; then each figure is compared with its published value, and
 * the verdict is the exit status of the program. */
void npb_title(const char *name, const char *size, int iterations);
int npb_compare(const char *what, double computed, double published, double epsilon);
int npb_finish(const char *name, double seconds, int verified);

#endif
