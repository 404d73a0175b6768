package io.vlfinetune.trainer.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.hadoop.CodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.ParquetDecodingException;

/**
 * parquet-java's decompressors, behind a check of the size: a page of a few bytes may say that it is two gigabytes, and
 * memory is taken before that turns out to be wrong.
 */
final class BoundedCodecs implements CompressionCodecFactory {
    /** Bytes of one decompressed page. A page holds at least one value, and no value may be longer. */
    static final int MOST_PAGE_BYTES = 512 << 20;

    private static final Set<CompressionCodecName> READ = Set.of(
            CompressionCodecName.UNCOMPRESSED,
            CompressionCodecName.SNAPPY,
            CompressionCodecName.GZIP,
            CompressionCodecName.ZSTD,
            CompressionCodecName.LZ4_RAW);

    private final CodecFactory codecs;

    BoundedCodecs(ParquetConfiguration configuration) {
        codecs = new CodecFactory(configuration, 0);
    }

    @Override
    public BytesInputCompressor getCompressor(CompressionCodecName codec) {
        return codecs.getCompressor(codec);
    }

    @Override
    public BytesInputDecompressor getDecompressor(CompressionCodecName codec) {
        if (!READ.contains(codec)) {
            throw new ParquetDecodingException("its pages are compressed with " + codec
                    + ", which is not read; write the file with zstd, snappy, gzip or none");
        }
        if (codec == CompressionCodecName.GZIP) {
            return new Gzip();
        }
        return new Bounded(codecs.getDecompressor(codec), codec == CompressionCodecName.SNAPPY);
    }

    @Override
    public void release() {
        codecs.release();
    }

    private record Bounded(BytesInputDecompressor codec, boolean snappy) implements BytesInputDecompressor {
        @Override
        public BytesInput decompress(BytesInput bytes, int decompressedSize) throws IOException {
            require(decompressedSize);
            if (!snappy) {
                return codec.decompress(bytes, decompressedSize);
            }
            byte[] compressed = bytes.toInputStream().readAllBytes();
            requireSnappy(ByteBuffer.wrap(compressed), decompressedSize);
            return codec.decompress(BytesInput.from(compressed), decompressedSize);
        }

        @Override
        public void decompress(ByteBuffer input, int compressedSize, ByteBuffer output, int decompressedSize)
                throws IOException {
            require(decompressedSize);
            if (snappy) {
                requireSnappy(input.duplicate(), decompressedSize);
            }
            codec.decompress(input, compressedSize, output, decompressedSize);
        }

        @Override
        public void release() {
            codec.release();
        }
    }

    /** By java.util.zip: parquet-java would ask Hadoop, of which parquet-floor has no gzip. */
    private record Gzip() implements BytesInputDecompressor {
        @Override
        public BytesInput decompress(BytesInput bytes, int decompressedSize) throws IOException {
            require(decompressedSize);
            try (var in = new GZIPInputStream(bytes.toInputStream())) {
                byte[] data = in.readNBytes(decompressedSize);
                if (data.length < decompressedSize) {
                    throw new EOFException(
                            "a page ends after %,d of %,d bytes".formatted(data.length, decompressedSize));
                }
                return BytesInput.from(data);
            }
        }

        @Override
        public void decompress(ByteBuffer input, int compressedSize, ByteBuffer output, int decompressedSize)
                throws IOException {
            var compressed = BytesInput.from(input.slice(input.position(), compressedSize));
            output.put(decompress(compressed, decompressedSize).toInputStream().readAllBytes());
            input.position(input.position() + compressedSize);
        }

        @Override
        public void release() {}
    }

    private static void require(int decompressedSize) throws IOException {
        if (decompressedSize < 0 || decompressedSize > MOST_PAGE_BYTES) {
            throw new IOException("a page of %,d bytes when decompressed; at most %,d are read"
                    .formatted(Integer.toUnsignedLong(decompressedSize), MOST_PAGE_BYTES));
        }
    }

    /** Snappy's data begins with its own word on the size (a varint), and the decompressor believes that one. */
    private static void requireSnappy(ByteBuffer data, int decompressedSize) throws IOException {
        long size = 0;
        for (int shift = 0; shift < 35 && data.hasRemaining(); shift += 7) {
            byte part = data.get();
            size |= (long) (part & 0x7F) << shift;
            if (part >= 0) {
                break;
            }
        }
        if (size != decompressedSize) {
            throw new IOException(
                    "a page says that it has %,d bytes, but its data say %,d".formatted(decompressedSize, size));
        }
    }
}
