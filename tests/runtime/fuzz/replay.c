/* Runs the fuzzer's function on files without libFuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
    static uint8_t buffer[1 << 20];
    for (int k = 1; k < argc; k++) {
        FILE *const input = fopen(argv[k], "rb");
        if (input == NULL) {
            return 2;
        }
        const size_t size = fread(buffer, 1, sizeof buffer, input);
        fclose(input);
        LLVMFuzzerTestOneInput(buffer, size);
    }
    printf("%d\n", argc - 1);
    return 0;
}
