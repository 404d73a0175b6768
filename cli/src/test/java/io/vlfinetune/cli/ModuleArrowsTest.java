package io.vlfinetune.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** {@code crds <- operator}, {@code crds <- trainer}, {@code {crds, operator, trainer} <- cli}, and nothing else. */
@AnalyzeClasses(packages = "io.vlfinetune", importOptions = DoNotIncludeTests.class)
class ModuleArrowsTest {
    private static final String API = "io.vlfinetune.api..";
    private static final String CONTRACT = "io.vlfinetune.contract..";
    private static final String OPERATOR = "io.vlfinetune.operator..";
    private static final String TRAINER = "io.vlfinetune.trainer..";
    private static final String CLI = "io.vlfinetune.cli..";
    private static final String[] FABRIC8 = {
        "io.fabric8.kubernetes..",
        "io.fabric8.mockwebserver..",
        "io.javaoperatorsdk..",
        "io.vlfinetune.api.kubernetes.."
    };

    @ArchTest
    static final ArchRule theApiKnowsNobody = noClasses()
            .that()
            .resideInAnyPackage(API, CONTRACT)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(OPERATOR, TRAINER, CLI);

    @ArchTest
    static final ArchRule theOperatorKnowsTheApiAlone = noClasses()
            .that()
            .resideInAPackage(OPERATOR)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(TRAINER, CLI);

    @ArchTest
    static final ArchRule theTrainerKnowsTheApiAlone = noClasses()
            .that()
            .resideInAPackage(TRAINER)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(OPERATOR, CLI);

    @ArchTest
    static final ArchRule theTrainerKnowsNoKubernetes = noClasses()
            .that()
            .resideInAPackage(TRAINER)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(FABRIC8);

    @ArchTest
    static final ArchRule recordsAndContractKnowNoKubernetes = noClasses()
            .that()
            .resideInAnyPackage("io.vlfinetune.api", "io.vlfinetune.contract")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(FABRIC8);

    @ArchTest
    static final ArchRule onlyTheCommandLineKnowsTheMock = noClasses()
            .that()
            .resideOutsideOfPackage("io.vlfinetune.cli.embedded..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.fabric8.mockwebserver..", "io.fabric8.kubernetes.client.server.mock..");
}
