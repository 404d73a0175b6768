package io.vlfinetune.trainer.source;

import io.vlfinetune.trainer.weights.Digests;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Small things with folders and files that must hold when the power goes. */
public final class Folders {
    private Folders() {}

    /** Removes a folder with all that is in it, links themselves and not what they point to; nothing if it is absent. */
    public static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException problem) throws IOException {
                if (problem != null) {
                    throw problem;
                }
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Bytes of all files in a folder; 0 if it is absent. */
    public static long bytes(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(Path::toFile)
                    .filter(File::isFile)
                    .mapToLong(File::length)
                    .sum();
        }
    }

    /** Makes a link to a place beside or below its own, or points an old one there; at every moment there is one. */
    public static void link(Path link, Path to) throws IOException {
        Path made = link.resolveSibling(link.getFileName() + ".tmp");
        Files.deleteIfExists(made);
        Files.createSymbolicLink(made, Objects.requireNonNull(link.getParent()).relativize(to));
        Files.move(made, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Writes a text file and waits until it is on the disk. */
    public static void write(Path file, String text) throws IOException {
        Files.writeString(file, text, StandardCharsets.UTF_8);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /** SHA-256 of a file, as {@code sha256:} and hexadecimal digits. Mapped pages would count as this process's memory. */
    public static String digest(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return "sha256:" + Digests.sha256(in);
        }
    }

    /** SHA-256 of a text, as {@code sha256:} and hexadecimal digits. */
    public static String digest(String text) {
        return "sha256:" + Digests.sha256(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Waits until a file's content, or the names in a folder, are on the disk. */
    public static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path)) {
            channel.force(true);
        }
    }
}
