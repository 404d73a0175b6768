package io.vlfinetune.trainer.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.parquet.io.ParquetDecodingException;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;

/**
 * Makes a JSON object of each row: a struct becomes an object without its nulls, a list an array, a string text, and
 * bytes a {@link BinaryNode}. Source: parquet-format, LogicalTypes.md, "Lists" with its rules for older writers.
 */
final class ParquetRow extends RecordMaterializer<ObjectNode> {
    /** What one row may take: a run-length code of some bytes can stand for a billion elements. */
    static final long MOST_ROW_BYTES = 512L << 20;

    private static final long NODE_BYTES = 256;
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Group root;
    private boolean skipping;
    private long bytes;
    private ObjectNode row = NODES.objectNode();

    ParquetRow(MessageType columns) {
        root = new Group(columns, node -> row = (ObjectNode) node);
    }

    /** While this is on, rows are walked over and nothing is kept of them. */
    void skip(boolean on) {
        skipping = on;
    }

    @Override
    public ObjectNode getCurrentRecord() {
        bytes = 0;
        return row;
    }

    @Override
    public GroupConverter getRootConverter() {
        return root;
    }

    private void count(long more) {
        bytes += NODE_BYTES + more;
        if (bytes > MOST_ROW_BYTES) {
            throw new ParquetDecodingException("it is larger than %,d bytes".formatted(MOST_ROW_BYTES));
        }
    }

    private Converter converter(Type type, Consumer<JsonNode> sink) {
        if (type.isPrimitive()) {
            return new Value(type.asPrimitiveType(), sink);
        }
        boolean list = type.getLogicalTypeAnnotation() instanceof LogicalTypeAnnotation.ListLogicalTypeAnnotation
                && type.asGroupType().getFieldCount() == 1
                && type.asGroupType().getType(0).isRepetition(Type.Repetition.REPEATED);
        return list ? new Elements(type.asGroupType(), sink) : new Group(type.asGroupType(), sink);
    }

    /** A struct, or the whole row. */
    private final class Group extends GroupConverter {
        private final Consumer<JsonNode> sink;
        private final List<Converter> fields = new ArrayList<>();
        private ObjectNode object = NODES.objectNode();

        Group(GroupType type, Consumer<JsonNode> sink) {
            this.sink = sink;
            for (Type field : type.getFields()) {
                String name = field.getName();
                fields.add(
                        field.isRepetition(Type.Repetition.REPEATED)
                                ? converter(
                                        field, value -> object.withArray(name).add(value))
                                : converter(field, value -> object.set(name, value)));
            }
        }

        @Override
        public Converter getConverter(int field) {
            return fields.get(field);
        }

        @Override
        public void start() {
            count(0);
            object = NODES.objectNode();
        }

        @Override
        public void end() {
            sink.accept(object);
        }
    }

    /** A list: one repeated field, which is a wrapper around the element unless an older writer left that out. */
    private final class Elements extends GroupConverter {
        private final Consumer<JsonNode> sink;
        private final Converter repeated;
        private ArrayNode array = NODES.arrayNode();

        Elements(GroupType list, Consumer<JsonNode> sink) {
            this.sink = sink;
            Type field = list.getType(0);
            repeated = isWrapper(list, field)
                    ? new Element(field.asGroupType().getType(0), value -> array.add(value))
                    : converter(field, value -> array.add(value));
        }

        private static boolean isWrapper(GroupType list, Type repeated) {
            return !repeated.isPrimitive()
                    && repeated.asGroupType().getFieldCount() == 1
                    && !repeated.asGroupType().getType(0).isRepetition(Type.Repetition.REPEATED)
                    && !repeated.getName().equals("array")
                    && !repeated.getName().equals(list.getName() + "_tuple");
        }

        @Override
        public Converter getConverter(int field) {
            return repeated;
        }

        @Override
        public void start() {
            count(0);
            array = NODES.arrayNode();
        }

        @Override
        public void end() {
            sink.accept(array);
        }
    }

    /** The wrapper around one element of a list, which may be null. */
    private final class Element extends GroupConverter {
        private final Consumer<JsonNode> sink;
        private final Converter value;
        private @Nullable JsonNode element;

        Element(Type type, Consumer<JsonNode> sink) {
            this.sink = sink;
            value = converter(type, node -> element = node);
        }

        @Override
        public Converter getConverter(int field) {
            return value;
        }

        @Override
        public void start() {
            count(0);
            element = null;
        }

        @Override
        public void end() {
            sink.accept(element == null ? NullNode.getInstance() : element);
        }
    }

    /** A value of a column. */
    private final class Value extends PrimitiveConverter {
        private final Consumer<JsonNode> sink;
        private final String name;
        private final boolean text;

        Value(PrimitiveType type, Consumer<JsonNode> sink) {
            this.sink = sink;
            name = type.getName();
            LogicalTypeAnnotation meaning = type.getLogicalTypeAnnotation();
            text = meaning instanceof LogicalTypeAnnotation.StringLogicalTypeAnnotation
                    || meaning instanceof LogicalTypeAnnotation.EnumLogicalTypeAnnotation
                    || meaning instanceof LogicalTypeAnnotation.JsonLogicalTypeAnnotation;
        }

        @Override
        public void addBinary(Binary value) {
            if (skipping) {
                return;
            }
            count(value.length());
            sink.accept(text ? new TextNode(decode(value)) : BinaryNode.valueOf(value.getBytes()));
        }

        private String decode(Binary value) {
            try {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(value.toByteBuffer())
                        .toString();
            } catch (CharacterCodingException e) {
                throw new ParquetDecodingException("the text in column `" + name + "` is not in UTF-8");
            }
        }

        @Override
        public void addBoolean(boolean value) {
            count(0);
            sink.accept(BooleanNode.valueOf(value));
        }

        @Override
        public void addInt(int value) {
            addLong(value);
        }

        @Override
        public void addLong(long value) {
            count(0);
            sink.accept(LongNode.valueOf(value));
        }

        @Override
        public void addFloat(float value) {
            addDouble(value);
        }

        @Override
        public void addDouble(double value) {
            count(0);
            sink.accept(DoubleNode.valueOf(value));
        }
    }
}
