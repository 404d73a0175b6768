package io.vlfinetune.trainer.data;

import java.util.ArrayList;
import java.util.List;

/** Gives the images beside a sample to its {@code <image>} marks, in order, and checks that they come out even. */
final class ImageMarks {
    static final String MARK = "<image>";

    private final SampleLocation location;
    private final List<Content.Image> images;
    private int marks;

    ImageMarks(SampleLocation location, List<Content.Image> images) {
        this.location = location;
        this.images = images;
    }

    /** Text cut at its marks; each mark becomes the next image. Empty pieces are left out. */
    List<Content> split(String text) {
        var content = new ArrayList<Content>();
        int from = 0;
        for (int at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, from)) {
            addText(content, text.substring(from, at));
            content.add(next().asMark());
            from = at + MARK.length();
        }
        addText(content, text.substring(from));
        return content;
    }

    /** The image of one more mark. An image too few is reported by {@link #finish}, when all marks are counted. */
    Content.Image next() {
        int index = marks++;
        return index < images.size() ? images.get(index) : new Content.Image("");
    }

    /**
     * Says that every mark has been seen.
     *
     * @throws io.vlfinetune.trainer.TrainerException DataInvalid when marks and images are not equal in number
     */
    void finish() {
        if (marks != images.size()) {
            throw location.invalid("%d %s %s but %d %s; give as many images as marks"
                    .formatted(
                            marks,
                            MARK,
                            marks == 1 ? "mark" : "marks",
                            images.size(),
                            images.size() == 1 ? "image" : "images"));
        }
    }

    private static void addText(List<Content> content, String text) {
        if (!text.isEmpty()) {
            content.add(new Content.Text(text));
        }
    }
}
