package io.vlfinetune.cli.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Consumer;

/** The frame of a page: everything that it needs is in it. */
final class Page {
    private Page() {}

    /** A page with a title and a body. */
    static String html(String title, Consumer<Html> body) {
        Html html = new Html();
        html.open("html", "xmlns", "http://www.w3.org/1999/xhtml", "lang", "en").open("head");
        html.open("meta", "charset", "utf-8");
        html.open("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
        html.open("meta", "name", "color-scheme", "content", "light dark");
        html.leaf("title", title).style(style()).closeLine();
        html.open("body");
        ModelPicture.definitions(html);
        html.open("main");
        body.accept(html);
        html.close().close().closeLine();
        return "<!DOCTYPE html>\n" + html;
    }

    private static String style() {
        try (InputStream css = Objects.requireNonNull(Page.class.getResourceAsStream("report.css"), "report.css")) {
            return new String(css.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("the style sheet of the report cannot be read", e);
        }
    }

    /** A section with a heading. */
    static void section(Html html, String heading, Consumer<Html> content) {
        html.open("section").leaf("h2", heading);
        content.accept(html);
        html.closeLine();
    }

    /** The head of a table; the first column is text, the others are numbers. */
    static void head(Html html, String... titles) {
        html.open("thead").open("tr");
        for (String title : titles) {
            html.leaf("th", title, "scope", "col");
        }
        html.close().closeLine();
    }

    /** A row whose first cell says what it is about. */
    static void row(Html html, String about, String... cells) {
        html.open("tr").leaf("th", about, "scope", "row");
        for (String cell : cells) {
            html.leaf("td", cell);
        }
        html.closeLine();
    }
}
