/* What small C libraries lack, from expf and logf; relative errors below 1e-6. */
#ifndef SMELT_UNARY_F32_H
#define SMELT_UNARY_F32_H

#include <math.h>

#include "smelt_placement.h"

/* e to the x less 1. */
SMELT_CODE_SECTION
static inline float smelt_expm1(float x) {
    if (fabsf(x) < 0.25f) {
        /* Taylor series: the difference below would lose digits here. */
        return x * (1.0f + x * (0.5f + x * (0.16666667f + x * (0.041666668f + x * (8.3333338e-3f + x * 1.3888889e-3f)))));
    }
    return expf(x) - 1.0f;
}

/* log(1 + x) of x >= 0. */
SMELT_CODE_SECTION
static inline float smelt_log1p(float x) {
    /* What 1 + x rounds away is put right to first order. */
    const float sum = 1.0f + x;
    return logf(sum) - ((sum - 1.0f) - x) / sum;
}

/* The inverse of sin for 0 .. 0.5 (Moshier, Cephes). */
SMELT_CODE_SECTION
static inline float smelt_asin_near_0(float x) {
    const float z = x * x;
    return x + x * z * (1.6666752422e-1f + z * (7.4953002686e-2f + z * (4.5470025998e-2f + z * (2.4181311049e-2f + z * 4.2163199048e-2f))));
}

/* The inverse of tan (Moshier, Cephes). */
SMELT_CODE_SECTION
static inline float smelt_atan(float x) {
    const float a = fabsf(x);
    const float base = a > 2.4142136f ? 1.5707963f : a > 0.41421356f ? 0.78539816f : 0.0f;
    const float y = a > 2.4142136f ? -1.0f / a : a > 0.41421356f ? (a - 1.0f) / (a + 1.0f) : a;
    const float z = y * y;
    const float result = base + (y + y * z * (-3.33329491539e-1f + z * (1.99777106478e-1f + z * (-1.38776856032e-1f + z * 8.05374449538e-2f))));
    return x < 0.0f ? -result : result;
}

/* The hyperbolic sine. */
SMELT_CODE_SECTION
static inline float smelt_sinh(float x) {
    const float e = smelt_expm1(fabsf(x));
    const float result = 0.5f * (e + e / (e + 1.0f));
    return x < 0.0f ? -result : result;
}

/* The inverse of the hyperbolic sine. */
SMELT_CODE_SECTION
static inline float smelt_asinh(float x) {
    const float a = fabsf(x);
    const float result = smelt_log1p(a + a * (a / (1.0f + sqrtf(1.0f + a * a))));
    return x < 0.0f ? -result : result;
}

/* The inverse of the hyperbolic tangent. */
SMELT_CODE_SECTION
static inline float smelt_atanh(float x) {
    const float a = fabsf(x);
    const float result = 0.5f * smelt_log1p(2.0f * a / (1.0f - a));
    return x < 0.0f ? -result : result;
}

/* The error function. Near 0 its Taylor series, else 1 - erfc by Abramowitz and Stegun, 7.1.28, error below 3e-7. */
SMELT_CODE_SECTION
static inline float smelt_erf(float x) {
    const float a = fabsf(x);
    if (a < 0.5f) {
        const float x2 = x * x;
        return x * (1.1283792f +
                    x2 * (-0.37612639f + x2 * (0.11283792f + x2 * (-0.026866171f + x2 * (5.2239776e-3f - x2 * 8.548327e-4f)))));
    }
    float p = 1.0f + a * (0.0705230784f +
                          a * (0.0422820123f + a * (0.0092705272f + a * (0.0001520143f + a * (0.0002765672f + a * 0.0000430638f)))));
    p *= p;
    p *= p;
    p *= p;
    p *= p;
    const float result = 1.0f - 1.0f / p;
    return x < 0.0f ? -result : result;
}

#endif
