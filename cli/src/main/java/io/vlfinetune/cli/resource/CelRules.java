package io.vlfinetune.cli.resource;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Evaluates the {@code x-kubernetes-validations} of a schema, transition rules included (KEP-2876). */
final class CelRules {
    private final CelCompiler compiler = CelCompilerFactory.standardCelCompilerBuilder()
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .addVar("self", SimpleType.DYN)
            .addVar("oldSelf", SimpleType.DYN)
            .build();
    private final CelRuntime runtime =
            CelRuntimeFactory.legacyCelRuntimeBuilder().build();
    private final Map<String, CelRuntime.Program> programs = new HashMap<>();

    /**
     * Evaluates the rules of a value and of all beneath it.
     *
     * @param broken paths with violations of the schema; rules of values that contain one are left out
     */
    List<Violation> check(JsonNode schema, JsonNode value, @Nullable JsonNode old, List<Violation> broken) {
        List<Violation> violations = new ArrayList<>();
        walk(schema, value, old, "", broken, violations);
        return violations;
    }

    private void walk(
            JsonNode schema,
            JsonNode value,
            @Nullable JsonNode old,
            String path,
            List<Violation> broken,
            List<Violation> violations) {
        if (broken.stream().noneMatch(violation -> within(violation.path(), path))) {
            for (JsonNode rule : schema.path("x-kubernetes-validations")) {
                evaluate(rule, value, old, path, violations);
            }
        }
        if (value.isObject()) {
            JsonNode others = schema.path("additionalProperties");
            for (var field : value.properties()) {
                String below = path.isEmpty() ? field.getKey() : path + "." + field.getKey();
                JsonNode next = schema.path("properties").path(field.getKey());
                JsonNode before = old == null ? null : old.get(field.getKey());
                walk(next.isMissingNode() ? others : next, field.getValue(), before, below, broken, violations);
            }
        } else if (value.isArray()) {
            for (int index = 0; index < value.size(); index++) {
                JsonNode item = value.get(index);
                String below = path + "[" + index + "]";
                walk(schema.path("items"), item, sameItem(schema, item, old), below, broken, violations);
            }
        }
    }

    private static boolean within(String path, String above) {
        return above.isEmpty() || path.equals(above) || path.startsWith(above + ".") || path.startsWith(above + "[");
    }

    /** The old item that corresponds: only items of list-maps can be told apart. */
    private static @Nullable JsonNode sameItem(JsonNode schema, JsonNode item, @Nullable JsonNode old) {
        if (old == null || !schema.path("x-kubernetes-list-type").asText().equals("map")) {
            return null;
        }
        for (JsonNode candidate : old) {
            if (SchemaCheck.keyOf(schema, candidate).equals(SchemaCheck.keyOf(schema, item))) {
                return candidate;
            }
        }
        return null;
    }

    private void evaluate(
            JsonNode rule, JsonNode value, @Nullable JsonNode old, String path, List<Violation> violations) {
        String expression = rule.path("rule").textValue();
        Map<String, Object> variables = new HashMap<>();
        variables.put("self", plain(value));
        if (expression.contains("oldSelf")) {
            if (old == null) {
                return;
            }
            variables.put("oldSelf", plain(old));
        }
        try {
            if (!Boolean.TRUE.equals(program(expression).eval(variables))) {
                String message = rule.path("message").asText("failed rule: " + expression);
                violations.add(new Violation(path, "Invalid value: " + message));
            }
        } catch (CelEvaluationException e) {
            violations.add(new Violation(path, "Invalid value: rule `" + expression + "`: " + e.getMessage()));
        }
    }

    private CelRuntime.Program program(String expression) throws CelEvaluationException {
        CelRuntime.Program known = programs.get(expression);
        if (known == null) {
            try {
                known = runtime.createProgram(compiler.compile(expression).getAst());
            } catch (CelValidationException e) {
                throw new IllegalStateException("the CRD carries a rule that is no CEL: " + expression, e);
            }
            programs.put(expression, known);
        }
        return known;
    }

    private static Object plain(JsonNode value) {
        return switch (value.getNodeType()) {
            case OBJECT, POJO -> {
                Map<String, Object> map = new LinkedHashMap<>();
                value.properties().forEach(field -> map.put(field.getKey(), plain(field.getValue())));
                yield map;
            }
            case ARRAY -> {
                List<Object> list = new ArrayList<>();
                value.forEach(item -> list.add(plain(item)));
                yield list;
            }
            case BOOLEAN -> value.booleanValue();
            case NUMBER -> value.isIntegralNumber() ? (Object) value.longValue() : (Object) value.doubleValue();
            case STRING, BINARY -> value.asText();
            case NULL, MISSING -> dev.cel.common.values.NullValue.NULL_VALUE;
        };
    }
}
