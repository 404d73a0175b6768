/** What users install and use, against a real API server. */
@NullMarked
package io.vlfinetune.e2e;

import org.jspecify.annotations.NullMarked;
