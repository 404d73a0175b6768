package io.vlfinetune.operator.health;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where the operator's pod answers probes. */
public final class HealthAddress {
    /** Variable with the address. */
    public static final String VARIABLE = "VLFINETUNE_HEALTH_ADDRESS";

    /** All addresses of the pod: the kubelet does not come by loopback. */
    public static final String DEFAULT = "0.0.0.0:8080";

    private static final Pattern HOST_AND_PORT = Pattern.compile("(.+):([0-9]{1,5})");
    private static final int LARGEST_PORT = 65535;

    private HealthAddress() {}

    /**
     * Reads {@code VLFINETUNE_HEALTH_ADDRESS}, {@code host:port}; absent: {@value #DEFAULT}. Port 0 is any free one.
     *
     * @throws IllegalArgumentException names the variable if it cannot be read or its host is unknown
     */
    public static InetSocketAddress fromEnvironment(Map<String, String> environment) {
        String text = environment.getOrDefault(VARIABLE, "").strip();
        Matcher parts = HOST_AND_PORT.matcher(text.isEmpty() ? DEFAULT : text);
        if (!parts.matches() || Integer.parseInt(parts.group(2)) > LARGEST_PORT) {
            throw new IllegalArgumentException(VARIABLE + " is '" + text + "', must be host:port such as " + DEFAULT);
        }
        InetSocketAddress address = new InetSocketAddress(parts.group(1), Integer.parseInt(parts.group(2)));
        if (address.isUnresolved()) {
            throw new IllegalArgumentException(
                    VARIABLE + " is '" + text + "', but no host is called " + parts.group(1));
        }
        return address;
    }
}
