/* A driver that is not there: the functions that monitors call, for programs that are started with it in
   their LD_LIBRARY_PATH. FAKE_GPUS says how many GPUs there are. What is missing here is "not found", as
   with an old driver. Reading PCIe traffic takes the 20 ms that the driver's documentation promises. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OK 0
#define INVALID 2
#define NOT_SUPPORTED 3
#define TOO_SMALL 7

typedef unsigned int uint;
typedef unsigned long long ull;
typedef struct { uint index; } Device;
typedef struct { ull total, free, used; } Memory;
typedef struct { uint version; ull total, reserved, free, used; } MemoryV2;
typedef struct { uint gpu, memory; } Utilization;
typedef struct { char legacy[16]; uint domain, bus, device, id, subsystem; char bus_id[32]; } Pci;
typedef struct { uint pid; ull memory; uint gpu_instance, compute_instance; } Process;

static Device devices[16];
static const ull GIB = 1ull << 30;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

/* A number from -1 to 1 that is another one every second. */
static double shake(uint seed) {
    unsigned int state = (unsigned int)seconds() * 2654435761u + seed * 40503u;
    state ^= state >> 13;
    state *= 1274126177u;
    state ^= state >> 16;
    return (state % 2001) / 1000.0 - 1.0;
}

static uint gpus(void) {
    const char *wanted = getenv("FAKE_GPUS");
    int count = wanted ? atoi(wanted) : 1;
    return count < 0 ? 0 : count > 16 ? 16 : (uint)count;
}

static int text(char *out, uint length, const char *value) {
    if (strlen(value) + 1 > length) return TOO_SMALL;
    strcpy(out, value);
    return OK;
}

int nvmlInit_v2(void) { for (uint i = 0; i < 16; i++) devices[i].index = i; return OK; }
int nvmlInitWithFlags(uint flags) { (void)flags; return nvmlInit_v2(); }
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int code) { return code == OK ? "Success" : "Not Supported"; }
int nvmlSystemGetDriverVersion(char *out, uint length) { return text(out, length, "580.95.05"); }
int nvmlSystemGetNVMLVersion(char *out, uint length) { return text(out, length, "13.580.95.05"); }
int nvmlSystemGetCudaDriverVersion(int *out) { *out = 13000; return OK; }
int nvmlSystemGetCudaDriverVersion_v2(int *out) { *out = 13000; return OK; }
int nvmlDeviceGetCount_v2(uint *out) { *out = gpus(); return OK; }
int nvmlDeviceGetHandleByIndex_v2(uint index, Device **out) {
    if (index >= gpus()) return INVALID;
    *out = &devices[index];
    return OK;
}
int nvmlDeviceGetIndex(Device *d, uint *out) { *out = d->index; return OK; }
int nvmlDeviceGetName(Device *d, char *out, uint length) { (void)d; return text(out, length, "NVIDIA GeForce RTX 5090"); }
int nvmlDeviceGetUUID(Device *d, char *out, uint length) {
    char id[48];
    snprintf(id, sizeof id, "GPU-51317ed0-0000-4000-8000-%012u", d->index);
    return text(out, length, id);
}
int nvmlDeviceGetHandleByUUID(const char *uuid, Device **out) {
    return nvmlDeviceGetHandleByIndex_v2((uint)atoi(uuid + strlen(uuid) - 4), out);
}
int nvmlDeviceGetPciInfo_v3(Device *d, Pci *out) {
    memset(out, 0, sizeof *out);
    out->bus = d->index + 1;
    snprintf(out->legacy, sizeof out->legacy, "0000:%02X:00.0", out->bus);
    snprintf(out->bus_id, sizeof out->bus_id, "00000000:%02X:00.0", out->bus);
    return OK;
}
static ull used(Device *d) { return 19 * GIB + (ull)((shake(d->index + 7) + 1) * 20e6); }
int nvmlDeviceGetMemoryInfo(Device *d, Memory *out) {
    out->total = 32 * GIB; out->used = used(d); out->free = out->total - out->used;
    return OK;
}
int nvmlDeviceGetMemoryInfo_v2(Device *d, MemoryV2 *out) {
    out->total = 32 * GIB; out->used = used(d); out->free = out->total - out->used; out->reserved = GIB / 2;
    return OK;
}
int nvmlDeviceGetUtilizationRates(Device *d, Utilization *out) {
    out->gpu = (uint)(91 + 8 * shake(d->index)); out->memory = (uint)(60 + 5 * shake(d->index + 1));
    return OK;
}
int nvmlDeviceGetPowerUsage(Device *d, uint *out) { *out = (uint)(480000 + 40000 * shake(d->index + 2)); return OK; }
int nvmlDeviceGetEnforcedPowerLimit(Device *d, uint *out) { (void)d; *out = 575000; return OK; }
int nvmlDeviceGetPowerManagementLimit(Device *d, uint *out) { (void)d; *out = 575000; return OK; }
int nvmlDeviceGetTotalEnergyConsumption(Device *d, ull *out) { (void)d; *out = (ull)(seconds() * 480000); return OK; }
int nvmlDeviceGetTemperature(Device *d, int sensor, uint *out) { (void)sensor; *out = (uint)(71 + 2 * shake(d->index + 3)); return OK; }
int nvmlDeviceGetTemperatureThreshold(Device *d, int kind, uint *out) { (void)d; (void)kind; *out = 88; return OK; }
int nvmlDeviceGetFanSpeed(Device *d, uint *out) { *out = (uint)(58 + 2 * shake(d->index + 4)); return OK; }
int nvmlDeviceGetClockInfo(Device *d, int kind, uint *out) { *out = kind == 2 ? 14001 : (uint)(2610 + 20 * shake(d->index + 5)); return OK; }
int nvmlDeviceGetMaxClockInfo(Device *d, int kind, uint *out) { (void)d; *out = kind == 2 ? 14001 : 2850; return OK; }
int nvmlDeviceGetCurrentClocksEventReasons(Device *d, ull *out) { (void)d; *out = 0; return OK; }
int nvmlDeviceGetCurrentClocksThrottleReasons(Device *d, ull *out) { (void)d; *out = 0; return OK; }
int nvmlDeviceGetPerformanceState(Device *d, int *out) { (void)d; *out = 1; return OK; }
int nvmlDeviceGetPersistenceMode(Device *d, int *out) { (void)d; *out = 1; return OK; }
int nvmlDeviceGetDisplayActive(Device *d, int *out) { (void)d; *out = 0; return OK; }
int nvmlDeviceGetDisplayMode(Device *d, int *out) { (void)d; *out = 0; return OK; }
int nvmlDeviceGetComputeMode(Device *d, int *out) { (void)d; *out = 0; return OK; }
int nvmlDeviceGetCudaComputeCapability(Device *d, int *major, int *minor) { (void)d; *major = 12; *minor = 0; return OK; }
int nvmlDeviceGetMigMode(Device *d, uint *now, uint *next) { (void)d; (void)now; (void)next; return NOT_SUPPORTED; }
int nvmlDeviceGetPcieThroughput(Device *d, int counter, uint *out) {
    usleep(20000);
    *out = (uint)(400000 + 90000 * shake(d->index + 6 + (uint)counter));
    return OK;
}
static int processes(Device *d, uint *count, Process *out) {
    uint room = *count;
    *count = 1;
    if (room < 1) return TOO_SMALL;
    out[0].pid = (uint)getppid();
    out[0].memory = 18 * GIB;
    out[0].gpu_instance = out[0].compute_instance = 0xFFFFFFFFu;
    (void)d;
    return OK;
}
int nvmlDeviceGetComputeRunningProcesses_v3(Device *d, uint *count, Process *out) { return processes(d, count, out); }
int nvmlDeviceGetGraphicsRunningProcesses_v3(Device *d, uint *count, Process *out) { (void)d; (void)out; *count = 0; return OK; }
int nvmlDeviceGetEncoderUtilization(Device *d, uint *out, uint *period) { (void)d; *out = 0; *period = 167000; return OK; }
int nvmlDeviceGetDecoderUtilization(Device *d, uint *out, uint *period) { (void)d; *out = 0; *period = 167000; return OK; }
int nvmlDeviceGetTotalEccErrors(Device *d, int kind, int counter, ull *out) { (void)d; (void)kind; (void)counter; (void)out; return NOT_SUPPORTED; }
int nvmlDeviceGetProcessUtilization(Device *d, void *out, uint *count, ull since) { (void)d; (void)out; (void)since; *count = 0; return NOT_SUPPORTED; }
int nvmlDeviceGetDriverModel(Device *d, uint *now, uint *next) { (void)d; (void)now; (void)next; return NOT_SUPPORTED; }
int nvmlDeviceGetDriverModel_v2(Device *d, uint *now, uint *next) { return nvmlDeviceGetDriverModel(d, now, next); }
