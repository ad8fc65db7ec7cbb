/* A libnvidia-ml.so.1 that answers what a scenario says. tests/nvml_scenario.py writes scenarios.
 *
 * NVML_STUB_SCENARIO names a text file, one fact a line; beside it "<file>.control" is shared
 * memory: a revision (raise it and every process reads the file anew), a clock, and a count of each
 * call. Sizes and offsets are those of pynvml's ctypes; 28 were compared with nvml.h 13.5.37.
 * How the driver averages is a model, made after nvml.h and public reports and not after a real
 * GPU: each process has its mean over (last seen, newest sample with any work]. One thread at a
 * time, as the agent's reader is.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    TIMEOUT = 10,
    LIBRARY_NOT_FOUND = 12
};
enum { HANG = -1, EMPTY = -2, GROW = -3 }; /* answers of a rule that are no error codes */
enum { ANY = -1, WHOLE = -1 };             /* any device; the GPU itself, not an instance of it */

typedef uint64_t u64;
typedef void *Handle;

typedef struct {
    int number, mig, pending, max_instances, slices, has_gpm;
    u64 memory, slice_memory_mb;
    char uuid[80], name[64];
} Device;
typedef struct {
    int device, slot, gi, ci, gi_slices, ci_slices;
    u64 memory_mb;
    char uuid[80], name[64];
} Instance;
typedef struct {
    int device, gi, ci;
    unsigned pid;
    char kind;
    u64 memory, from, until;
} Process;
typedef struct {
    int device, gi;
    unsigned pid;
    double percent;
    u64 from, until;
} Work;
typedef struct {
    int device;
    unsigned pid, percent;
    u64 at;
} Row;
typedef struct {
    int device;
    u64 base_mj, milliwatts, since;
} Energy;
typedef struct {
    int device, recovery; /* WHOLE for recovery: the driver is too old to say */
    u64 clock_reasons;
} State;
typedef struct {
    u64 id;
    int device, code, gi;
} Xid;
typedef struct {
    int device, answer, after, times, seen;
    char function[48], line[128];
} Rule;

#define MANY(type, name, most)                                                                     \
    static type name[most];                                                                        \
    static int name##_count
MANY(Device, devices, 32);
MANY(Instance, instances, 128);
MANY(Process, processes, 1024);
MANY(Work, works, 4096);
MANY(Row, rows, 256);
MANY(Energy, energies, 32);
MANY(State, states, 32);
MANY(Xid, xids, 256);
MANY(Rule, rules, 256);
MANY(Rule, old_rules, 256);

static char driver_version[80];
static u64 driver_generation, period_us = 200000, ring_samples = 100;

/* ---- what is shared with the test ---- */

#define COUNTERS 64
typedef struct {
    u64 revision, now_us;
    struct {
        char name[56];
        u64 calls;
    } counters[COUNTERS];
} Control;
static Control *control;
static u64 revision_read, init_count, init_generation;
static int references;

static u64 now_us(void) {
    if (control && control->now_us) return control->now_us;
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    return (u64)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static void count_call(const char *name) {
    for (int i = 0; i < COUNTERS; i++) {
        if (!control->counters[i].name[0]) strncpy(control->counters[i].name, name, 55);
        if (!strcmp(control->counters[i].name, name)) {
            control->counters[i].calls++;
            return;
        }
    }
}

/* ---- reading the scenario ---- */

#define ROOM(list)                                                                                 \
    (list##_count < (int)(sizeof list / sizeof list[0]) ? &list[list##_count++]                    \
                                                        : (full(#list), &list[0]))
static void full(const char *list) {
    fprintf(stderr, "nvml_stub: too many %s\n", list);
    abort();
}

static int read_line(const char *line) {
    char word[16];
    if (sscanf(line, "%15s", word) != 1) return 1;
    line += strlen(word);
    if (!strcmp(word, "driver"))
        return sscanf(line, "%79s %lu", driver_version, &driver_generation) == 2;
    if (!strcmp(word, "ring")) return sscanf(line, "%lu %lu", &period_us, &ring_samples) == 2;
    if (!strcmp(word, "device")) {
        Device *d = ROOM(devices);
        return sscanf(line, "%d %79s %lu %d %d %d %d %lu %d %63[^\n]", &d->number, d->uuid,
                      &d->memory, &d->mig, &d->pending, &d->max_instances, &d->slices,
                      &d->slice_memory_mb, &d->has_gpm, d->name) == 10;
    }
    if (!strcmp(word, "mig")) {
        Instance *i = ROOM(instances);
        return sscanf(line, "%d %d %79s %d %d %d %d %lu %63[^\n]", &i->device, &i->slot, i->uuid,
                      &i->gi, &i->ci, &i->gi_slices, &i->ci_slices, &i->memory_mb, i->name) == 9;
    }
    if (!strcmp(word, "process")) {
        Process *p = ROOM(processes);
        return sscanf(line, "%d %c %u %lu %d %d %lu %lu", &p->device, &p->kind, &p->pid, &p->memory,
                      &p->gi, &p->ci, &p->from, &p->until) == 8;
    }
    if (!strcmp(word, "work")) {
        Work *w = ROOM(works);
        return sscanf(line, "%d %u %d %lf %lu %lu", &w->device, &w->pid, &w->gi, &w->percent,
                      &w->from, &w->until) == 6;
    }
    if (!strcmp(word, "row")) {
        Row *r = ROOM(rows);
        return sscanf(line, "%d %u %u %lu", &r->device, &r->pid, &r->percent, &r->at) == 4;
    }
    if (!strcmp(word, "energy")) {
        Energy *e = ROOM(energies);
        return sscanf(line, "%d %lu %lu %lu", &e->device, &e->base_mj, &e->milliwatts, &e->since) ==
               4;
    }
    if (!strcmp(word, "state")) {
        State *t = ROOM(states);
        return sscanf(line, "%d %lu %d", &t->device, &t->clock_reasons, &t->recovery) == 3;
    }
    if (!strcmp(word, "xid")) {
        Xid *x = ROOM(xids);
        return sscanf(line, "%lu %d %d %d", &x->id, &x->device, &x->code, &x->gi) == 4;
    }
    if (!strcmp(word, "rule")) {
        Rule *r = ROOM(rules);
        snprintf(r->line, sizeof r->line, "%s", line);
        r->seen = 0;
        for (int i = 0; i < old_rules_count; i++)
            if (!strcmp(old_rules[i].line, r->line)) r->seen = old_rules[i].seen;
        return sscanf(line, "%47s %d %d %d %d", r->function, &r->device, &r->answer, &r->after,
                      &r->times) == 5;
    }
    return 0;
}

static int read_scenario(void) {
    static char path[4096];
    const char *wanted = getenv("NVML_STUB_SCENARIO");
    char line[5000];
    if (!wanted) return LIBRARY_NOT_FOUND;
    if (strcmp(path, wanted)) { /* the first call, or a test process has gone on to another node */
        if (control) munmap(control, sizeof(Control));
        control = NULL;
        revision_read = references = rules_count = 0;
        snprintf(path, sizeof path, "%s", wanted);
    }
    if (!control) {
        snprintf(line, sizeof line, "%s.control", path);
        int file = open(line, O_RDWR);
        void *place = file < 0
                          ? MAP_FAILED
                          : mmap(0, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (file >= 0) close(file);
        if (place == MAP_FAILED) return LIBRARY_NOT_FOUND;
        control = place;
    }
    if (control->revision == revision_read) return 0;
    revision_read = control->revision;
    memcpy(old_rules, rules, sizeof rules);
    old_rules_count = rules_count;
    devices_count = instances_count = processes_count = works_count = 0;
    rows_count = energies_count = states_count = xids_count = rules_count = 0;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (!read_line(line)) {
            fprintf(stderr, "nvml_stub: cannot read: %s", line);
            abort();
        }
    if (file) fclose(file);
    return file ? 0 : LIBRARY_NOT_FOUND;
}

/* ---- handles: an init, a device, a slot. One from before the last init is refused ---- */

static Handle handle_of(int device, int slot) {
    return (Handle)((init_count << 24) | ((u64)(device + 1) << 8) | (u64)(slot + 1));
}
static int device_in(Handle h) { return (int)(((u64)h >> 8) & 0xffff) - 1; }
static int slot_in(Handle h) { return (int)((u64)h & 0xff) - 1; }

static Device *device_at(Handle h) {
    if ((u64)h >> 24 != init_count) return NULL;
    for (int i = 0; i < devices_count; i++)
        if (devices[i].number == device_in(h)) return &devices[i];
    return NULL;
}

static Instance *instance_at(Handle h) {
    Device *d = device_at(h);
    for (int i = 0; d && d->mig && i < instances_count; i++)
        if (instances[i].device == d->number && instances[i].slot == slot_in(h))
            return &instances[i];
    return NULL;
}

static int is_known(Handle h) { return slot_in(h) == WHOLE ? !!device_at(h) : !!instance_at(h); }

/* ---- every call begins here ---- */

static Rule *rule_for(const char *function, int device) {
    for (int i = 0; i < rules_count; i++) {
        Rule *r = &rules[i];
        if ((r->device != ANY && r->device != device) ||
            (strcmp(r->function, "*") && strcmp(r->function, function)))
            continue;
        int nth = r->seen++;
        if (nth >= r->after && (!r->times || nth < r->after + r->times)) return r;
    }
    return NULL;
}

static int hangs(const char *function, int device) {
    for (int i = 0; i < rules_count; i++)
        if (rules[i].answer == HANG && (rules[i].device == ANY || rules[i].device == device) &&
            (!strcmp(rules[i].function, "*") || !strcmp(rules[i].function, function)))
            return 1;
    return 0;
}

static int enter(const char *function, int device) { /* 0, an error code, EMPTY or GROW */
    struct timespec pause = {0, 2000000};
    int fault = read_scenario();
    if (fault) return fault;
    count_call(function);
    Rule *rule = rule_for(function, device);
    if (rule && rule->answer == HANG) {
        while (hangs(function, device)) {
            nanosleep(&pause, NULL);
            read_scenario();
        }
        return 0;
    }
    return rule ? rule->answer : 0;
}

#define ENTER(device)                                                                              \
    int answer = enter(__func__, device);                                                          \
    if (answer > 0) return answer;                                                                 \
    if (!references || init_generation != driver_generation) return UNINITIALIZED
#define ENTER_DEVICE(h)                                                                            \
    ENTER(device_in(h));                                                                           \
    if (!is_known(h)) return INVALID_ARGUMENT
#define WHOLE_UNCUT(h)                                                                             \
    if (slot_in(h) != WHOLE || device_at(h)->mig) return NOT_SUPPORTED

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    int answer = enter(__func__, ANY);
    if (answer > 0) return answer;
    if (!references || init_generation != driver_generation) {
        init_count++;
        init_generation = driver_generation;
        references = 0;
    }
    references++;
    return 0;
}

int nvmlShutdown(void) {
    int answer = enter(__func__, ANY);
    if (answer > 0) return answer;
    if (!references) return UNINITIALIZED;
    references--;
    return 0;
}

const char *nvmlErrorString(int code) {
    (void)code;
    return "an error of the stub";
}
int nvmlSystemGetDriverVersion(char *to, unsigned room) {
    ENTER(ANY);
    snprintf(to, room, "%s", driver_version);
    return 0;
}
int nvmlSystemGetNVMLVersion(char *to, unsigned room) {
    ENTER(ANY);
    snprintf(to, room, "13.%s", driver_version);
    return 0;
}
int nvmlDeviceGetCount_v2(unsigned *count) {
    ENTER(ANY);
    *count = devices_count;
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Handle *to) {
    ENTER(index < (unsigned)devices_count ? devices[index].number : ANY);
    if (index >= (unsigned)devices_count) return INVALID_ARGUMENT;
    *to = handle_of(devices[index].number, WHOLE);
    return 0;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, Handle *to) {
    int number = ANY;
    for (int i = 0; i < devices_count; i++)
        if (!strcmp(devices[i].uuid, uuid)) number = devices[i].number;
    ENTER(number);
    if (number == ANY) return NOT_FOUND;
    *to = handle_of(number, WHOLE);
    return 0;
}

/* ---- what a device is ---- */

int nvmlDeviceGetUUID(Handle h, char *to, unsigned room) {
    ENTER_DEVICE(h);
    snprintf(to, room, "%s", slot_in(h) == WHOLE ? device_at(h)->uuid : instance_at(h)->uuid);
    return 0;
}

int nvmlDeviceGetName(Handle h, char *to, unsigned room) {
    ENTER_DEVICE(h);
    snprintf(to, room, "%s", slot_in(h) == WHOLE ? device_at(h)->name : instance_at(h)->name);
    return 0;
}

typedef struct {
    unsigned version;
    u64 total, reserved, free, used;
} Memory;
int nvmlDeviceGetMemoryInfo_v2(Handle h, Memory *to) {
    ENTER_DEVICE(h);
    to->total = slot_in(h) == WHOLE ? device_at(h)->memory : instance_at(h)->memory_mb << 20;
    to->reserved = 1 << 20;
    to->used = 0;
    for (int i = 0; i < processes_count; i++)
        if (processes[i].device == device_in(h) && processes[i].from <= now_us() &&
            now_us() < processes[i].until && processes[i].memory != UINT64_MAX)
            to->used += processes[i].memory;
    to->free = to->total - to->reserved - to->used;
    return 0;
}

int nvmlDeviceGetMinorNumber(Handle h, unsigned *to) {
    ENTER_DEVICE(h);
    *to = (unsigned)device_in(h);
    return 0;
}

int nvmlDeviceGetMigMode(Handle h, unsigned *current, unsigned *pending) {
    ENTER_DEVICE(h);
    if (!device_at(h)->max_instances) return NOT_SUPPORTED;
    *current = device_at(h)->mig;
    *pending = device_at(h)->pending;
    return 0;
}

int nvmlDeviceGetMaxMigDeviceCount(Handle h, unsigned *count) {
    ENTER_DEVICE(h);
    *count = device_at(h)->max_instances;
    return 0;
}

int nvmlDeviceGetMigDeviceHandleByIndex(Handle h, unsigned index, Handle *to) {
    ENTER_DEVICE(h);
    if (index >= (unsigned)device_at(h)->max_instances) return INVALID_ARGUMENT;
    *to = handle_of(device_in(h), (int)index);
    return instance_at(*to) ? 0 : NOT_FOUND;
}

typedef struct {
    unsigned sms, copy, decoders, encoders, jpeg, ofa, gi_slices, ci_slices;
    u64 memory_mb;
} Attributes;
int nvmlDeviceGetAttributes_v2(Handle h, Attributes *to) {
    ENTER_DEVICE(h);
    Instance *i = instance_at(h);
    if (!i) return INVALID_ARGUMENT;
    *to = (Attributes){.sms = 14 * i->ci_slices,
                       .gi_slices = i->gi_slices,
                       .ci_slices = i->ci_slices,
                       .memory_mb = i->memory_mb};
    return 0;
}

int nvmlDeviceGetGpuInstanceId(Handle h, unsigned *id) {
    ENTER_DEVICE(h);
    *id = instance_at(h) ? instance_at(h)->gi : -1;
    return 0;
}
int nvmlDeviceGetComputeInstanceId(Handle h, unsigned *id) {
    ENTER_DEVICE(h);
    *id = instance_at(h) ? instance_at(h)->ci : -1;
    return 0;
}

typedef struct {
    unsigned version, id, p2p, slices, count, sms, copy, decoders, encoders, jpeg, ofa;
    u64 memory_mb;
    char name[96];
} Profile;
int nvmlDeviceGetGpuInstanceProfileInfoV(Handle h, unsigned profile, Profile *to) {
    static const int slices_of[] = {1, 2, 3, 4, 7, 8, 6};
    ENTER_DEVICE(h);
    Device *d = device_at(h);
    if (!d->mig || profile > 6 || slices_of[profile] != d->slices) return NOT_SUPPORTED;
    to->slices = d->slices;
    to->memory_mb = d->slice_memory_mb;
    return 0;
}

/* ---- processes ---- */

typedef struct {
    unsigned pid;
    u64 memory;
    unsigned gi, ci;
} ProcessInfo;
static int list_processes(int answer, char kind, Handle h, unsigned *count, ProcessInfo *to) {
    unsigned room = to ? *count : 0, found = 0;
    Instance *instance = instance_at(h);
    for (int i = 0; i < processes_count; i++) {
        Process *p = &processes[i];
        if (p->device != device_in(h) || p->kind != kind || now_us() < p->from ||
            now_us() >= p->until)
            continue;
        if (instance && (p->gi != instance->gi || p->ci != instance->ci)) continue;
        if (found < room)
            to[found] = (ProcessInfo){p->pid, p->memory, (unsigned)p->gi, (unsigned)p->ci};
        found++;
    }
    *count = found;
    if (answer == GROW) return INSUFFICIENT_SIZE;
    return found > room ? INSUFFICIENT_SIZE : 0;
}

int nvmlDeviceGetComputeRunningProcesses_v3(Handle h, unsigned *n, ProcessInfo *to) {
    ENTER_DEVICE(h);
    return list_processes(answer, 'C', h, n, to);
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(Handle h, unsigned *n, ProcessInfo *to) {
    ENTER_DEVICE(h);
    return list_processes(answer, 'G', h, n, to);
}
int nvmlDeviceGetMPSComputeRunningProcesses_v3(Handle h, unsigned *n, ProcessInfo *to) {
    ENTER_DEVICE(h);
    return list_processes(answer, 'M', h, n, to);
}

/* ---- how busy it is: samples on a grid of period_us, the newest ring_samples of them ---- */

static u64 overlap(u64 a, u64 b, u64 from, u64 until) {
    u64 start = a > from ? a : from, end = b < until ? b : until;
    return end > start ? end - start : 0;
}

static u64 grid(u64 at) { return at / period_us * period_us; }

static u64 oldest_after(u64 last_seen) { /* start of the oldest sample newer than last_seen */
    u64 start = grid(last_seen), head = grid(now_us()), kept = head - ring_samples * period_us;
    return start > kept ? start : kept;
}

static double busy(int device, int gi, u64 from,
                   u64 until) { /* microseconds of work of all processes */
    double total = 0;
    for (int i = 0; i < works_count; i++)
        if (works[i].device == device && (gi == WHOLE || works[i].gi == gi))
            total += works[i].percent / 100 * overlap(works[i].from, works[i].until, from, until);
    return total;
}

static u64 newest_sample(const Work *w, u64 start,
                         u64 head) { /* with any of this work; 0 if none */
    if (w->percent <= 0 || !overlap(w->from, w->until, start, head)) return 0;
    u64 end = w->until < head ? w->until : head;
    return grid(end + period_us - 1);
}

enum { MOST_ROWS = 256 };
typedef struct {
    unsigned pid;
    u64 at;
    unsigned sm, memory, encoder, decoder;
} Utilization;
int nvmlDeviceGetProcessUtilization(Handle h, Utilization *to, unsigned *count, u64 last_seen) {
    ENTER_DEVICE(h);
    WHOLE_UNCUT(h);
    if (answer == EMPTY) {
        *count = 0;
        return 0;
    }
    u64 start = oldest_after(last_seen), head = grid(now_us()), newest = 0;
    Utilization found[MOST_ROWS];
    unsigned room = to ? *count : 0, rows_found = 0;
    for (int i = 0; i < works_count; i++) {
        if (works[i].device != device_in(h)) continue;
        u64 at = newest_sample(&works[i], start, head);
        if (at > newest) newest = at;
        unsigned k = 0;
        while (k < rows_found && found[k].pid != works[i].pid) k++;
        if (!at || k == MOST_ROWS) continue;
        if (k == rows_found) found[rows_found++] = (Utilization){.pid = works[i].pid};
        if (at > found[k].at) found[k].at = at;
    }
    for (unsigned k = 0; k < rows_found; k++) {
        double used = 0;
        for (int i = 0; i < works_count; i++)
            if (works[i].device == device_in(h) && works[i].pid == found[k].pid)
                used += works[i].percent * overlap(works[i].from, works[i].until, start, newest);
        found[k].sm = (unsigned)(used / (newest - start) + 0.5);
    }
    for (int i = 0; i < rows_count && rows_found < MOST_ROWS; i++)
        if (rows[i].device == device_in(h))
            found[rows_found++] =
                (Utilization){.pid = rows[i].pid, .at = rows[i].at, .sm = rows[i].percent};
    *count = rows_found;
    if (!rows_found) return NOT_FOUND;
    if (rows_found > room || answer == GROW) return INSUFFICIENT_SIZE;
    memcpy(to, found, rows_found * sizeof *found);
    return 0;
}

typedef struct {
    u64 at;
    union {
        double d;
        unsigned u;
        u64 l;
    } value;
} Sample;
int nvmlDeviceGetSamples(Handle h, int kind, u64 last_seen, int *value_type, unsigned *count,
                         Sample *to) {
    ENTER_DEVICE(h);
    WHOLE_UNCUT(h);
    if (kind != 1) return NOT_SUPPORTED; /* NVML_GPU_UTILIZATION_SAMPLES */
    *value_type = 1;                     /* NVML_VALUE_TYPE_UNSIGNED_INT */
    if (!to) {
        *count = ring_samples;
        return 0;
    }
    u64 at = oldest_after(last_seen) + period_us, head = grid(now_us());
    unsigned n = 0;
    for (; at <= head && n < *count; at += period_us) {
        double percent = 100 * busy(device_in(h), WHOLE, at - period_us, at) / period_us;
        to[n] = (Sample){.at = at};
        to[n++].value.u = percent > 100 ? 100 : (unsigned)(percent + 0.5);
    }
    *count = n;
    return n ? 0 : NOT_FOUND;
}

int nvmlDeviceGetUtilizationRates(Handle h, unsigned *to) {
    ENTER_DEVICE(h);
    WHOLE_UNCUT(h);
    double percent =
        100 * busy(device_in(h), WHOLE, grid(now_us()) - period_us, grid(now_us())) / period_us;
    to[0] = percent > 100 ? 100 : (unsigned)(percent + 0.5);
    to[1] = 0;
    return 0;
}

/* ---- energy, clocks and what has to be done about a fault ---- */

static Energy *energy_of(Handle h) {
    for (int i = 0; i < energies_count; i++)
        if (energies[i].device == device_in(h)) return &energies[i];
    return NULL;
}

int nvmlDeviceGetTotalEnergyConsumption(Handle h, u64 *to) {
    ENTER_DEVICE(h);
    Energy *e = energy_of(h);
    if (!e) return NOT_SUPPORTED;
    u64 for_us = now_us() > e->since ? now_us() - e->since : 0;
    *to = e->base_mj + e->milliwatts * (for_us / 1000) / 1000;
    return 0;
}

int nvmlDeviceGetPowerUsage(Handle h, unsigned *to) {
    ENTER_DEVICE(h);
    if (!energy_of(h)) return NOT_SUPPORTED;
    *to = (unsigned)energy_of(h)->milliwatts;
    return 0;
}

static State *state_of(Handle h) {
    for (int i = 0; i < states_count; i++)
        if (states[i].device == device_in(h)) return &states[i];
    return NULL;
}

int nvmlDeviceGetCurrentClocksEventReasons(Handle h, u64 *to) {
    ENTER_DEVICE(h);
    *to = state_of(h) ? state_of(h)->clock_reasons : 0;
    return 0;
}

typedef struct {
    unsigned id, scope;
    int64_t at, took_us;
    int value_type, result;
    union {
        double d;
        unsigned u;
        u64 l;
    } value;
} Field;
int nvmlDeviceGetFieldValues(Handle h, int count, Field *fields) {
    ENTER_DEVICE(h);
    for (int i = 0; i < count; i++) { /* NVML_FI_DEV_GET_GPU_RECOVERY_ACTION */
        int is_told = fields[i].id == 230 && state_of(h) && state_of(h)->recovery >= 0;
        fields[i].result = is_told ? 0 : NOT_SUPPORTED;
        fields[i].value_type = 1; /* NVML_VALUE_TYPE_UNSIGNED_INT */
        if (is_told) fields[i].value.u = (unsigned)state_of(h)->recovery;
    }
    return 0;
}

/* ---- Xid events: each event set hears what was raised after it was made ---- */

typedef struct {
    u64 heard;
    u64 devices;
} EventSet;
static u64 newest_xid(void) {
    u64 id = 0;
    for (int i = 0; i < xids_count; i++)
        if (xids[i].id > id) id = xids[i].id;
    return id;
}

int nvmlEventSetCreate(EventSet **to) {
    ENTER(ANY);
    *to = calloc(1, sizeof **to);
    (*to)->heard = newest_xid();
    return 0;
}
int nvmlEventSetFree(EventSet *set) {
    ENTER(ANY);
    free(set);
    return 0;
}
int nvmlDeviceGetSupportedEventTypes(Handle h, u64 *to) {
    ENTER_DEVICE(h);
    *to = 8;
    return 0;
}
int nvmlDeviceRegisterEvents(Handle h, u64 kinds, EventSet *set) {
    ENTER_DEVICE(h);
    (void)kinds;
    set->devices |= 1ull << device_in(h);
    return 0;
}

typedef struct {
    Handle device;
    u64 kind, data;
    unsigned gi, ci;
} Event;
int nvmlEventSetWait_v2(EventSet *set, Event *to, unsigned for_ms) {
    ENTER(ANY);
    (void)for_ms; /* the agent never waits */
    for (int i = 0; i < xids_count; i++)
        if (xids[i].id > set->heard && (set->devices >> xids[i].device & 1)) {
            set->heard = xids[i].id;
            *to = (Event){handle_of(xids[i].device, WHOLE), 8, (u64)xids[i].code,
                          (unsigned)xids[i].gi, (unsigned)xids[i].gi};
            return 0;
        }
    return TIMEOUT;
}

/* ---- GPM: two samples and what happened between them ---- */

typedef struct {
    u64 at;
    double busy_us;
} GpmSample;
typedef struct {
    unsigned id;
    int result;
    double value;
    const char *names[3];
} GpmMetric;
typedef struct {
    unsigned version, count;
    GpmSample *first, *second;
    GpmMetric metrics[];
} GpmRequest;
typedef struct {
    unsigned version, is_supported;
} GpmSupport;

int nvmlGpmQueryDeviceSupport(Handle h, GpmSupport *to) {
    ENTER_DEVICE(h);
    to->is_supported = device_at(h)->has_gpm;
    return 0;
}
int nvmlGpmSampleAlloc(GpmSample **to) {
    ENTER(ANY);
    *to = calloc(1, sizeof **to);
    return 0;
}
int nvmlGpmSampleFree(GpmSample *sample) {
    ENTER(ANY);
    free(sample);
    return 0;
}

int nvmlGpmSampleGet(Handle h, GpmSample *to) {
    ENTER_DEVICE(h);
    if (!device_at(h)->has_gpm) return NOT_SUPPORTED;
    *to = (GpmSample){now_us(), busy(device_in(h), WHOLE, 0, now_us())};
    return 0;
}

int nvmlGpmMigSampleGet(Handle h, unsigned gi, GpmSample *to) {
    ENTER_DEVICE(h);
    if (!device_at(h)->has_gpm) return NOT_SUPPORTED;
    *to = (GpmSample){now_us(), busy(device_in(h), (int)gi, 0, now_us())};
    return 0;
}

int nvmlGpmMetricsGet(GpmRequest *request) {
    ENTER(ANY);
    double for_us = (double)request->second->at - (double)request->first->at;
    for (unsigned i = 0; i < request->count; i++) {
        GpmMetric *m = &request->metrics[i];
        m->result =
            m->id == 1 && for_us > 0 ? 0 : NOT_SUPPORTED; /* NVML_GPM_METRIC_GRAPHICS_UTIL */
        m->value =
            m->result ? 0 : 100 * (request->second->busy_us - request->first->busy_us) / for_us;
    }
    return 0;
}
