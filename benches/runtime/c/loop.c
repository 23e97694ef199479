// The work of `scale`, done by one or two OS threads that never meet: what the machine itself gives for a second processor.
// `loop THREADS` prints nanoseconds and the check sum.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PARTS = 64, ROUNDS = 4000000 };

struct share {
    int first, end;
    int64_t sum;
};

static int64_t work(int64_t seed) {
    int64_t x = seed;
    for (int i = 0; i < ROUNDS; i++) {
        x = (int64_t)((uint64_t)x * 6364136223846793005u + 1442695040888963407u);
        x ^= x >> 29;
    }
    return x & 1023;
}

static void *run(void *argument) {
    struct share *share = argument;
    for (int seed = share->first; seed < share->end; seed++) share->sum += work(seed);
    return NULL;
}

int main(int argc, char **argv) {
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pthread_t ids[PARTS];
    struct share shares[PARTS];
    for (int i = 0; i < threads; i++) {
        shares[i] = (struct share){PARTS * i / threads, PARTS * (i + 1) / threads, 0};
        if (pthread_create(&ids[i], NULL, run, &shares[i]) != 0) return 1;
    }
    int64_t sum = 0;
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        sum += shares[i].sum;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%lld %lld\n", (long long)(end.tv_sec - start.tv_sec) * 1000000000 + (end.tv_nsec - start.tv_nsec), (long long)sum);
}
