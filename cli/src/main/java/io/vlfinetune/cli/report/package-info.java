/**
 * {@code report.html}: a run, or several side by side, as one page that needs nothing but itself. From records to text;
 * nothing here reads the clock or a server.
 */
@NullMarked
package io.vlfinetune.cli.report;

import org.jspecify.annotations.NullMarked;
