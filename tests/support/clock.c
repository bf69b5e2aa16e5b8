/* Another clock: loaded into a program, it runs $PHR_TEST_CLOCK seconds ahead. The monotonic clock is left alone.
   libfaketime does as much and more, but while a program sleeps, its signal handlers see the true time: PostgreSQL then
   never notices that a statement which waits for something has waited for too long. */
#define _GNU_SOURCE
#ifndef AHEAD
#define AHEAD "PHR_TEST_CLOCK"
#endif
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t ahead(void) {
    const char *seconds = getenv(AHEAD);
    return seconds == NULL ? 0 : (time_t)atoll(seconds);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    int (*real)(struct timeval *, void *) = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
    int result = real(now, zone);
    if (result == 0) now->tv_sec += ahead();
    return result;
}

time_t time(time_t *now) {
    time_t (*real)(time_t *) = (time_t (*)(time_t *))dlsym(RTLD_NEXT, "time");
    time_t result = real(NULL) + ahead();
    if (now != NULL) *now = result;
    return result;
}
