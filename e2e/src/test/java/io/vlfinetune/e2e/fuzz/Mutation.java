package io.vlfinetune.e2e.fuzz;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A spec with one field as it should not be, or only just may be.
 *
 * @param field path of the field, such as {@code spec.data.train[0].source}
 * @param kind what was done to it
 * @param spec the whole spec
 */
record Mutation(String field, String kind, ObjectNode spec) {
    @Override
    public String toString() {
        return field + " " + kind;
    }
}
