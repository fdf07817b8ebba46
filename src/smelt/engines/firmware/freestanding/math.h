/* The part of <math.h> that smelt uses, for compilers that come without a C library. */
#ifndef SMELT_FREESTANDING_MATH_H
#define SMELT_FREESTANDING_MATH_H

#define INFINITY (__builtin_inff())
#define NAN (__builtin_nanf(""))
#define isnan(x) __builtin_isnan(x)
#define isinf(x) __builtin_isinf(x)
#define isfinite(x) __builtin_isfinite(x)

float ceilf(float x);
float cosf(float x);
float exp2f(float x);
float expf(float x);
float fabsf(float x);
float floorf(float x);
float fmaxf(float x, float y);
float fminf(float x, float y);
float fmodf(float x, float y);
float log2f(float x);
float logf(float x);
float roundf(float x);
float sinf(float x);
float sqrtf(float x);
float tanf(float x);
float truncf(float x);
double exp(double x);
double log(double x);

/* The compiler's library has no powf. */
static inline float powf(float x, float y) {
    if (y == 0.0f || x == 1.0f) {
        return 1.0f;
    }
    if (x < 0.0f && truncf(y) != y) {
        return NAN;
    }
    const float result = (float)exp((double)y * log((double)fabsf(x)));
    return x < 0.0f && fmodf(y, 2.0f) != 0.0f ? -result : result;
}

#endif
