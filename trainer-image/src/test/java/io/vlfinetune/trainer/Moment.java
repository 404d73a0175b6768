package io.vlfinetune.trainer;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.ClassType;
import com.sun.jdi.IncompatibleThreadStateException;
import com.sun.jdi.Location;
import com.sun.jdi.Method;
import com.sun.jdi.ObjectReference;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.StringReference;
import com.sun.jdi.ThreadReference;
import com.sun.jdi.Value;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.ListeningConnector;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.event.VMDisconnectEvent;
import com.sun.jdi.request.ClassPrepareRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The call of a method with a first argument that reads in a certain way, for the so-manieth time in the life of a JVM. A
 * debugger holds the JVM there, so that a kill hits this moment however fast the machine is.
 */
record Moment(Class<?> type, String method, String argument, int times) {
    private static final int PATIENCE_MILLIS = 60_000;
    private static final String ANY = "";

    /** The first call whose first argument matches a pattern. */
    static Moment at(Class<?> type, String method, String argument) {
        return new Moment(type, method, argument, 1);
    }

    /** The first call. */
    static Moment at(Class<?> type, String method) {
        return at(type, method, ANY);
    }

    /** The same for the so-manieth time. */
    Moment times(int count) {
        return new Moment(type, method, argument, count);
    }

    /** Starts a JVM, kills it there with SIGKILL and says how it exited. */
    int kill(Path output, Class<?> main, String... arguments) throws Exception {
        ListeningConnector connector = Bootstrap.virtualMachineManager().listeningConnectors().stream()
                .filter(one -> one.transport().name().equals("dt_socket"))
                .findFirst()
                .orElseThrow();
        Map<String, Connector.Argument> where = connector.defaultArguments();
        where.get("localAddress").setValue("127.0.0.1");
        where.get("port").setValue("0");
        where.get("timeout").setValue(String.valueOf(PATIENCE_MILLIS));
        String address = connector.startListening(where);
        try (ChildJvm child = ChildJvm.startDebugged(address, output, main, arguments)) {
            await(connector.accept(where), child);
            child.process().destroyForcibly();
            return child.exitCode();
        } finally {
            connector.stopListening(where);
        }
    }

    /** Returns while all threads of the JVM stand still. */
    private void await(VirtualMachine machine, ChildJvm child) throws Exception {
        ClassPrepareRequest loaded = machine.eventRequestManager().createClassPrepareRequest();
        loaded.addClassFilter(type.getName());
        loaded.enable();
        machine.classesByName(type.getName()).forEach(this::breakAt);
        int left = times;
        while (true) {
            EventSet events = machine.eventQueue().remove(PATIENCE_MILLIS);
            if (events == null) {
                throw new AssertionError(this + " did not come: " + child.text());
            }
            for (Event event : events) {
                switch (event) {
                    case ClassPrepareEvent prepared -> breakAt(prepared.referenceType());
                    case BreakpointEvent reached -> left -= matches(reached.thread()) ? 1 : 0;
                    case VMDisconnectEvent gone ->
                        throw new AssertionError("ended before " + this + ": " + child.text());
                    default -> {}
                }
            }
            if (left <= 0) {
                return;
            }
            events.resume();
        }
    }

    private void breakAt(ReferenceType loaded) {
        List<Location> entries =
                loaded.methodsByName(method).stream().map(Method::location).toList();
        if (entries.isEmpty()) {
            throw new AssertionError(type + " has no method " + method);
        }
        entries.forEach(entry -> loaded.virtualMachine()
                .eventRequestManager()
                .createBreakpointRequest(entry)
                .enable());
    }

    private boolean matches(ThreadReference thread) throws Exception {
        return argument.equals(ANY) || text(thread).matches(argument);
    }

    private static String text(ThreadReference thread) throws Exception {
        Value first = firstArgument(thread);
        if (first instanceof ObjectReference object && object.referenceType() instanceof ClassType type) {
            Method toString = type.concreteMethodByName("toString", "()Ljava/lang/String;");
            Value text = object.invokeMethod(thread, toString, List.of(), ObjectReference.INVOKE_SINGLE_THREADED);
            return ((StringReference) text).value();
        }
        return String.valueOf(first);
    }

    private static Value firstArgument(ThreadReference thread) throws IncompatibleThreadStateException {
        return thread.frame(0).getArgumentValues().getFirst();
    }
}
