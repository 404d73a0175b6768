package io.vlfinetune.e2e;

import io.vlfinetune.cli.embedded.realapi.ControlPlaneBinaries;
import io.vlfinetune.cli.embedded.realapi.RealApiServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Hands the one real API server of this module to tests; it is started for the first and stopped after the last. */
public final class RealServer implements ParameterResolver {
    private static final ExtensionContext.Namespace STORE = ExtensionContext.Namespace.create(RealServer.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == RealApiServer.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot()
                .getStore(STORE)
                .computeIfAbsent(RealApiServer.class, type -> start(), RealApiServer.class);
    }

    private static RealApiServer start() {
        try {
            return startIn(Path.of("target", "real-api"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts another one, for tests whose leftovers would be in the way of others; whoever asks for it closes it. */
    public static RealApiServer startIn(Path folder) throws IOException {
        Path binaries = ControlPlaneBinaries.ensure(
                Path.of("control-plane").toAbsolutePath(), System.getenv(), System.err::println);
        return RealApiServer.start(binaries, Files.createDirectories(folder).toRealPath());
    }
}
