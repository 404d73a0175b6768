package io.vlfinetune.api;

/** The patterns of strings in the schema; the trainer holds the numbers of a hand-written run.json to them. */
public final class Patterns {
    /** A non-negative decimal number, exponents allowed. */
    public static final String DECIMAL = "^[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$";

    /** A factor above 0 and up to 1. */
    public static final String FACTOR = "^(1(\\.0+)?|0\\.[0-9]*[1-9][0-9]*)$";

    /** A share from 0 to 1. */
    public static final String SHARE = "^(0(\\.[0-9]+)?|1(\\.0+)?)$";

    /** A folder or file that the trainer reads or writes. */
    static final String SOURCE = "^(pvc://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(/.*)?|file://.+)$";

    /** A Kubernetes quantity without the exotic spellings. */
    static final String QUANTITY = "^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

    /** A DNS label. */
    static final String LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";

    /** An evaluation set and one of its metrics. */
    static final String METRIC = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?/(loss|accuracy)$";

    /** Hours, minutes and seconds, such as 24h, 90s or 1h30m. */
    static final String DURATION = "^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$";

    /** A Secret's name. */
    static final String SUBDOMAIN = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";

    private Patterns() {}
}
