package io.vlfinetune.cli.report;

import java.io.StringReader;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** A page as a strict parser reads it. */
final class Parsed {
    private final Document document;

    private Parsed(Document document) {
        this.document = document;
    }

    /** Fails where the page is not well-formed. */
    static Parsed page(String html) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        return new Parsed(factory.newDocumentBuilder().parse(new InputSource(new StringReader(html))));
    }

    /** The elements that an XPath names. */
    List<Element> all(String path) throws Exception {
        NodeList nodes =
                (NodeList) XPathFactory.newInstance().newXPath().evaluate(path, document, XPathConstants.NODESET);
        return IntStream.range(0, nodes.getLength())
                .mapToObj(index -> (Element) nodes.item(index))
                .toList();
    }

    /** Their text. */
    List<String> texts(String path) throws Exception {
        return all(path).stream().map(Element::getTextContent).toList();
    }

    /** All text of the page. */
    String text() {
        return document.getDocumentElement().getTextContent();
    }
}
