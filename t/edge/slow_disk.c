/* Preloaded into NGINX by a test: fdatasync as on a slow or broken disk. The file named by SLOW_DISK
 * holds a number: that many milliseconds later, or "broken". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fdatasync(int fd) {
    const char *path = getenv("SLOW_DISK");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) {
        char text[32] = "";
        fgets(text, sizeof text, file);
        fclose(file);
        if (strncmp(text, "broken", 6) == 0) {
            errno = EIO;
            return -1;
        }
        usleep((useconds_t)atoi(text) * 1000);
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
