package io.vlfinetune.operator.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Memory of the process as the kernel counts it against the pod's limit; Micrometer knows of the heap only. */
final class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String LINE = "VmRSS:";
    private static final int KIBIBYTE = 1024;

    private ResidentMemory() {}

    static void bindTo(MeterRegistry registry) {
        Gauge.builder("process.resident.memory", ResidentMemory::bytes)
                .baseUnit(BaseUnits.BYTES)
                .description("Resident memory of the process")
                .register(registry);
    }

    /** Not a number where there is no such file. */
    private static double bytes() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith(LINE))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) * KIBIBYTE)
                    .findFirst()
                    .orElse(Double.NaN);
        } catch (IOException absent) {
            return Double.NaN;
        }
    }
}
