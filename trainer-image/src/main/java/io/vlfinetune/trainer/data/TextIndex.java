package io.vlfinetune.trainer.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.util.Arrays;

/** Where each sample of one file of text begins and ends, so that a data set of any size costs 16 bytes a sample. */
final class TextIndex implements SampleIndex {
    private final DataFile file;
    private final boolean array;
    private long[] offsets = new long[64];
    private int[] lengths = new int[64];
    private int[] lines = new int[64];
    private int size;

    TextIndex(DataFile file, boolean array) {
        this.file = file;
        this.array = array;
    }

    void add(long offset, int length, int line) {
        if (size == offsets.length) {
            offsets = Arrays.copyOf(offsets, size * 2);
            lengths = Arrays.copyOf(lengths, size * 2);
            lines = Arrays.copyOf(lines, size * 2);
        }
        offsets[size] = offset;
        lengths[size] = length;
        lines[size] = line;
        size++;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public SampleLocation location(int index) {
        return array
                ? SampleLocation.ofElement(file.name(), index, lines[index])
                : SampleLocation.ofLine(file.name(), lines[index]);
    }

    /** Reads one sample again. The file is opened anew: an interrupt would close a shared channel for everyone. */
    @Override
    public SampleFields read(int index) {
        SampleLocation location = location(index);
        var bytes = ByteBuffer.allocate(lengths[index]);
        try (SeekableByteChannel channel = Files.newByteChannel(file.path())) {
            channel.position(offsets[index]);
            while (bytes.hasRemaining()) {
                if (channel.read(bytes) < 0) {
                    throw new EOFException("the file ended; it was changed during the run");
                }
            }
        } catch (IOException e) {
            throw SampleFile.unreadable(file, e);
        }
        return SampleJson.parse(bytes.array(), location);
    }
}
