package io.vlfinetune.operator.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.api.kubernetes.VLFineTune;
import io.vlfinetune.contract.Json;
import java.nio.file.Path;
import org.luaj.vm2.Globals;
import org.luaj.vm2.LuaTable;
import org.luaj.vm2.LuaValue;
import org.luaj.vm2.lib.jse.JsePlatform;

/** Runs the health check for Argo CD as Argo CD does: with the resource in the variable obj. */
final class HealthLua {
    private static final Path FILE =
            Path.of("..", "examples", "gitops", "health.lua").toAbsolutePath();
    private static final Globals LUA = JsePlatform.standardGlobals();
    private static final LuaValue CHECK = LUA.loadfile(FILE.toString());

    private HealthLua() {}

    /** The health: Healthy, Progressing, Degraded or Suspended. */
    static String of(VLFineTune run) {
        LUA.set("obj", value(Json.strict().valueToTree(run)));
        LuaValue health = CHECK.call();
        if (!health.get("message").isstring()) {
            throw new AssertionError("no message");
        }
        return health.get("status").checkjstring();
    }

    private static LuaValue value(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT -> {
                LuaTable table = new LuaTable();
                node.properties().forEach(field -> table.set(field.getKey(), value(field.getValue())));
                yield table;
            }
            case ARRAY -> {
                LuaTable table = new LuaTable();
                for (int index = 0; index < node.size(); index++) {
                    table.set(index + 1, value(node.get(index)));
                }
                yield table;
            }
            case NUMBER -> LuaValue.valueOf(node.asDouble());
            case BOOLEAN -> LuaValue.valueOf(node.asBoolean());
            case STRING -> LuaValue.valueOf(node.asText());
            case NULL, MISSING, BINARY, POJO -> LuaValue.NIL;
        };
    }
}
