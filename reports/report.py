# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% tags=["parameters"]
reports = "reports"  # folder of finished tables and figures
photographs = "reports/evidence/cifar_two_cores"  # the same, measured on photographs; empty: none
custom: list[str] = []  # custom experiments, which have tables and a figure under their names
diverged: dict[str, str] = {}  # runs that are in no table, with the reason
origins = ""  # file of the provenance; empty: that of the reports
notes: list[str] = []  # on differences between the runs of a table

# %%
import json
from pathlib import Path

from IPython.display import HTML
from markupsafe import Markup

from pipeline.config.run import Run
from pipeline.evidence.current_claims import current_claims
from pipeline.reporting import report_parts as parts
from pipeline.reporting.figures import FIGURES
from pipeline.reporting.headline_answer import answer

claims = parts.read_claims(reports)
findings = claims[claims["kind"] != "check"]
elsewhere_claims = current_claims(Path(photographs)) if photographs else None  # by today's rules
provenance = json.loads(Path(origins or f"{reports}/provenance.json").read_text())
on_page: list[str] = []  # figures and tables that are on the page, with the claims that rest on them


def claims_on(evidence):
    """The verdicts that rest on a figure or table."""
    on_page.append(evidence)
    return parts.claims_html_table(findings[findings["evidence"] == evidence])


def figures(*names):
    """Figures with their captions, and the verdicts that rest on them."""
    return HTML("".join(parts.picture(reports, name) + claims_on(name) for name in names))


# %% [markdown]
# # Do labels change what contrastive learning learns?
#
# **CL** learns without labels: it pulls two random views of an image together and pushes views of all other images
# away. **NSCL** is CL that does not push images of the same class, the only use it makes of labels. What does that
# change?

# %%
here = answer(claims) + parts.picture(reports, "controls")
elsewhere = ""
if photographs:
    elsewhere = answer(elsewhere_claims) + parts.picture(photographs, "controls", prefix="photographs_")
no_answer = Markup(
    '<p class="answer">None of this page\'s own experiments answers that: it takes a trajectory of CL, NSCL and the '
    "controls. The following was measured on photographs, with other settings.</p>"
)
HTML(here or no_answer + elsewhere)

# %% [markdown]
# **Self-supervised contrastive learning (CL)** trains an encoder without labels. The views that it pushes away are the
# *negatives*; some of them show the class of the image itself. **NSCL** leaves these out: a supervised method with a
# minimal difference to CL. **SCL** (supervised contrastive) and **CE** (cross-entropy) differ by more. **CKA** measures
# the similarity of two networks' representations: 1 is the same geometry.
#
# The paper *On the Alignment Between Supervised and Self-Supervised Contrastive Learning* (ICLR 2026) proves and shows
# that CL and NSCL stay nearly aligned. If both start from the same weights and see the same batches and views, their
# *representations* keep nearly the same geometry throughout training, although their *weights* drift apart. SCL and CE
# do not follow CL as closely.
#
# **Controls.** Is the small difference of CL and NSCL an effect of labels? Is their similarity an effect of shared
# randomness? Three controls are trained on the same data for the same time: NSCL with *shuffled labels*, which leaves
# out the same number of negatives, without information on classes; *independent-data CL*, with the same initialisation
# and independently drawn batches and augmentations; and CL with *one weight moved* by a millionth before the first
# step. An effect of NSCL is a finding about labels only as far as it exceeds these controls.
# Tables name them `nscl_shuffled`, `cl_independent` and `cl_perturbed`.

# %%
controls = parts.read_table(reports, "figures/controls.csv")
HTML(("" if controls is None else parts.controls_table(controls)) + claims_on("controls"))

# %% [markdown]
# ## On photographs
#
# The same experiments and controls on CIFAR-100: 50,000 photographs of 32 × 32 pixels, a residual network of width 16,
# five seeds. It is narrower than the paper's networks and was trained for a hundredth of their epochs. Settings
# `params/cifar_two_cores.yaml`, complete results `reports/evidence/cifar_two_cores/`. Its verdicts are by today's
# rules, computed from its measures.

# %%
comparison = ""
if photographs:
    comparison = elsewhere if here else ""
    comparison += parts.controls_table(parts.read_table(photographs, "figures/controls.csv"))
    comparison += parts.verdicts_compared(claims, elsewhere_claims)
HTML(comparison)

# %% [markdown]
# ## The claims
#
# Each claim was formulated as a quantity and a rule, and most of them with a smallest effect of interest, before the
# runs. It **holds** or **fails** where the mean over seeds differs from the rule's number on a t test whose adjusted p
# value is below 0.05. It is **equivalent** where it does not, but the mean is within the smallest effect of interest of
# that number on two one-sided t tests, and **undecided** otherwise. It is **not learned** where CL, or a network that
# it is compared with, does not beat both raw pixels and an untrained network, as then no training took place that could
# decide it (this is *the precondition* below). A few claims are *primary*: their p values are adjusted by Holm's
# method, so that one false verdict or more among them has a chance of 5 % at most. All others are *exploratory*: of
# those that hold or fail, at most 5 % are expected to be false. Of fewer than four seeds no interval is given. Every
# claim names the control that would have exposed a wrong verdict, often another claim by its name. *Our* claims are not
# the paper's. Claims about a sweep are about the similarity *above the floor*, which is that of CL with its perturbed
# copy. C' is the number of classes and B the batch size. Each claim is next to its figure or table. The table counts
# each claim once; in brackets are its rows below, one for each data.

# %%
HTML(parts.verdict_counts(claims))

# %% [markdown]
# ## How it was measured
#
# *Twins* are networks, one for each objective, trained side by side on one stream of batches and views from one
# initialisation. After training, every image passes through each encoder, without augmentation, which gives one vector
# of features per image. Two encoders are similar if the same images are similar for both:
#
# * **CKA** compares the two matrices of cosine similarities between all images, after centring. 1: the same geometry.
# * **RSA** is the correlation of the two lists of pairwise distances. 1: the same order and spacing.
#
# Both are exact over all images, not over a sample of them. Accuracy of frozen features is that of the nearest class
# centre (**NCCC**) and of a linear probe (**LP**). **CDNV**, the class-distance-normalised variance, is the spread
# within two classes over the distance between their means, 0 where classes have collapsed to points. The **weight gap**
# is the distance of two networks' weights, relative to their size. **Path length** is the sum over all steps of
# learning rate times the trust coefficient of LARS, roughly the relative distance that a layer's weights
# were moved: about 29 to 58 in the paper. **Displacement** is the distance of the weights at the end from the start.
#
# Small data and a short training can refute a claim that is made without conditions. That they confirm one does not
# show the same at the paper's scale: ResNet-50, 50,000 images and more, 1,200 epochs.

# %%
HTML(parts.runs_table([Run.from_name(name) for name in provenance["runs"]]))

# %% [markdown]
# ## Custom experiments

# %%
tables = Markup()
for name in custom:
    accuracy, agreement = (f"comparisons/{name}/{kind}.csv" for kind in ("accuracy", "agreement"))
    tables += Markup("<h3>{}</h3>").format(name) + parts.accuracy_tables(parts.read_table(reports, accuracy), accuracy)
    tables += parts.similarity_table(parts.read_table(reports, agreement), agreement)
    tables += parts.picture(reports, name, f"{name}: {FIGURES['fig2_trajectory'].caption}") + claims_on(agreement)
HTML(tables)

# %% [markdown]
# ## How good are the features?

# %%
table1 = parts.read_table(reports, "table1.csv")
HTML(("" if table1 is None else parts.accuracy_tables(table1)) + claims_on("table1.csv"))

# %% [markdown]
# ## Do the twins stay aligned?
#
# All twins start as one network, so CKA is 1 at epoch 0. The grey band is the similarity of two CL runs that differ
# only in their seed: above it, a twin is more similar to CL than another CL run is. CL's own initialisation shows the
# similarity without any training.

# %%
figures("fig2_trajectory")

# %%
table2 = parts.read_table(reports, "table2.csv")
HTML("" if table2 is None else parts.similarity_table(table2))

# %% [markdown]
# Between CL and NSCL there are steps: only a share of the weight of same-class negatives is left out. With shuffled
# labels the same share is left out, of unrelated images.

# %%
figures("label_fraction")

# %% [markdown]
# The objectives read the projection z, and the measures read features h before it. Layer by layer, and separately for
# differences between classes (*between*: class means; of ten classes these are easily similar) and differences between
# images of one class (*within*):

# %%
figures("layers")

# %% [markdown]
# ## And the weights?

# %%
figures("weights_turn", "fig1_angles", "fig6_weight_gap", "weight_growth")

# %% [markdown]
# ## What changes the alignment
#
# The theory's bound tightens with more classes, higher temperature and smaller steps. Each is swept on its own. Less
# training keeps networks similar for that reason alone: all runs on one axis of path length show which settings are
# *aligned more*, and which were only *trained less*.

# %%
figures("path_length")

# %% [markdown]
# Fewer classes also mean fewer images and fewer steps in an epoch, so classes are compared at equal epochs, as in the
# paper, and at equal steps and schedule. Every seed draws its own classes.

# %%
figures("fig3_classes")

# %% [markdown]
# Temperature:

# %%
figures("fig4_temperature")

# %% [markdown]
# Batch size: with a rule that scales the learning rate by the square or fourth root of the batch size *as published*,
# the rate itself is 16 or 64 times smaller than under the linear rule at B = 256, and less training means less drift.
# The right panel shows the rules normalised to one rate at B = 256.

# %%
figures("fig5_batch")

# %% [markdown]
# Longer training:

# %%
figures("duration", "collapse", "encoders")

# %% [markdown]
# ## What does sharing do?
#
# The paper names shared randomness as its condition and does not take it apart. Here each of initialisation, batches
# and augmentations is either shared by CL and NSCL or drawn independently.

# %%
figures("randomness")

# %% [markdown]
# ## Accuracy, merged weights and the loss gap

# %%
figures("accuracy_by_temperature", "merging", "loss_gap")

# %% [markdown]
# ## What the theory guarantees
#
# The theorems are about *similarity descent*, in which the similarities themselves move along the gradient. Networks
# move weights instead, with momentum and layer-wise rates, and features are read before the projection head.
# `docs/theory.md` has the proofs and lists what they do not cover. Without any training, Theorem 1 and its sharper
# forms guarantee this at the paper's own settings:

# %%
HTML(parts.guarantees_table(parts.read_table(reports, "promised.csv")))

# %% [markdown]
# Cosine matrices of N images never differ by more than √2 N: a bound above that says nothing, and guarantees no CKA.
# *Telescoped* and *non-expansive* are sharper forms of Theorem 1 that follow the drift from step to step; a
# *certificate* uses the observed weight of same-class negatives instead of the largest possible one. Along training:

# %%
figures("bounds_over_steps")

# %% [markdown]
# Nearest to the theory are plain gradient steps at a small rate, without momentum and layer-wise scaling:

# %%
figures("plain_sgd")

# %% [markdown]
# The bounds of all settings, and the outcome of training:

# %%
figures("bounds_by_setting")

# %%
HTML(claims_on("bounds.csv"))

# %% [markdown]
# Two assumptions of the theory about networks:

# %%
figures("assumptions")

# %% [markdown]
# ## Further figures and claims

# %%
further = figures(*(name for name in FIGURES if name not in on_page)).data
further += "".join(claims_on(evidence) for evidence in dict.fromkeys(findings["evidence"]) if evidence not in on_page)
HTML(further)

# %% [markdown]
# ## Numerical checks
#
# Theorems and identities that only a mistake in this code could refute. They are no findings.

# %%
HTML(parts.claims_html_table(claims[claims["kind"] == "check"]))

# %% [markdown]
# ## What was not run

# %%
lost = [f"Training diverged; in no table, figure or claim: {name}: {why}" for name, why in diverged.items()]
missing = []
if table1 is not None and (claims["verdict"] != "not run").any():
    missing += [f"Table 1 on {name}" for name in sorted(set(table1.loc[table1["status"] == "not run", "dataset"]))]
    missing += list(claims.loc[claims["verdict"] == "not run", "statement"].drop_duplicates())
HTML(parts.bullets([*lost, *parts.collapsed_networks_of(reports), *missing]))

# %% [markdown]
# ## The published figures
#
# Observations on the paper's figures, from the numbers in them:
#
# * one seed, no error bars;
# * late in training the order can flip: near epoch 1,200 on Mini-ImageNet NSCL's CKA is 0.555, below CE's 0.608;
# * alignment against classes is not monotone late in training (Mini-ImageNet: 0.78 at C = 50, 0.67 at C = 100;
#   ImageNet: 0.91 at C = 5, 0.81 at C = 10);
# * the curve for temperature 0.1 of Figure 4 coincides with Figure 2 at doubled epochs;
# * at fixed epochs under the linear rule the sum of learning rates does not depend on B, so that the theory's bound
#   *falls* with B, against Figure 5.

# %% [markdown]
# ## Where this comes from

# %%
HTML(parts.provenance_tables(provenance) + parts.notes_of(notes))
