/* Where things go: define these macros before including, or on the compiler's command line, to place
 * weights, code and the arena in sections of your linker script, for example
 *   -DSMELT_CODE_SECTION='__attribute__((section(".itcm")))'
 */
#ifndef SMELT_PLACEMENT_H
#define SMELT_PLACEMENT_H

#ifndef SMELT_WEIGHTS_SECTION
#define SMELT_WEIGHTS_SECTION
#endif

#ifndef SMELT_CODE_SECTION
#define SMELT_CODE_SECTION
#endif

#ifndef SMELT_ARENA_SECTION
#define SMELT_ARENA_SECTION
#endif

#ifndef SMELT_ALIGN
#if defined(__GNUC__) || defined(__clang__) || defined(__ICCARM__)
#define SMELT_ALIGN(bytes) __attribute__((aligned(bytes)))
#else
#error "define SMELT_ALIGN(bytes) for this compiler: it follows the name of the variable that it aligns"
#endif
#endif

#endif
