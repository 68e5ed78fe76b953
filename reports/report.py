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
photographs = "reports/evidence/cifar_two_cores"  # the same, of what was measured on photographs; empty: nothing else
own: list[str] = []  # experiments of one's own, which have tables and a figure under their names
diverged: dict[str, str] = {}  # runs that are in no table, and why
origins = ""  # file of the provenance; empty: the folder's
notes: list[str] = []  # on what differs between the runs of a table

# %%
from IPython.display import HTML

from pipeline.reporting.show import Report

report = Report(reports, origins=origins)
other = Report(photographs, "photographs_") if photographs else None
on_photographs = """<h2>On photographs</h2>
<p>The same experiments and controls on CIFAR-100: 50,000 photographs of 32 × 32 pixels, a residual network of width 16,
five seeds. It is narrower than the paper's networks and was trained for a hundredth of their epochs. Settings
<code>params/cifar_two_cores.yaml</code>, results in full <code>reports/evidence/cifar_two_cores/</code>.</p>
{}{}"""

# %% [markdown]
# # Do labels change what contrastive learning learns?
#
# **CL** learns without labels: it pulls two random views of an image together and pushes views of all other images
# away. **NSCL** is CL with labels, which say one thing: not to push images of the same class. What does that change?

# %%
answered = report.answer() + report.picture("controls")
elsewhere = other.answer() + other.picture("controls") if other else ""
HTML(answered or report.unanswered() + elsewhere)

# %% [markdown]
# **Self-supervised contrastive learning (CL)** trains an encoder without labels; what it pushes away are the
# *negatives*, some of which show the same class as the image. **NSCL** leaves these out: a supervised method that
# differs from CL by very little. **SCL** (supervised contrastive) and **CE** (cross-entropy) are two others that differ
# by more. **CKA** says how alike the representations of two networks are: 1 is the same geometry.
#
# The paper *On the Alignment Between Supervised and Self-Supervised Contrastive Learning* (ICLR 2026) proves and shows
# that the two stay nearly alike. If both start from the same weights and see the same batches and the same views, then
# their *representations* keep nearly the same geometry throughout training, although their *weights* drift apart. Other
# supervised objectives, supervised contrastive (**SCL**) and cross-entropy (**CE**), do not follow CL as closely.
#
# **What a skeptic asks.** Is it the labels' doing that CL and NSCL differ a little, and their common randomness that
# they differ no more? Controls tell, which are trained beside them, on the same data and as long: NSCL with *shuffled
# labels*, which leaves out as many negatives, and says nothing about classes; a *replica*, CL from the same
# initialisation on batches and views of its own; CL with *one weight moved* by a millionth before the first step. What
# NSCL does is a finding about labels only as far as it goes beyond such controls.

# %%
HTML(
    report.headline()
    + report.claims("controls")
    + (on_photographs.format(answered and elsewhere, other.headline() + report.beside(other)) if other else "")
)

# %% [markdown]
# ## The claims
#
# Each claim was turned into a quantity and a rule before the runs. It **holds** or **fails** where the mean over
# seeds differs from the rule's number on a t test whose p value is below 0.05 after Holm's correction over all claims
# of this page; it is **undecided** otherwise, and **not learned** where CL does not beat both raw pixels and an
# untrained network, as then nothing was trained that could bear a claim out or refute it (that condition is called
# *the gate* below). Every claim names the control that would have exposed it, often another claim by its name. Claims
# counted as *ours* are checks that the paper does not make. `nscl_shuffled` is NSCL with shuffled labels,
# `cl_independent` CL on batches and views of its own, `cl_perturbed` CL with one weight moved; C' is the number of
# classes and B the batch size. Each claim stands once, beside the figure or table that it rests on.

# %%
HTML(report.summary())

# %% [markdown]
# ## How it was measured
#
# *Twins* are networks, one for each objective, trained side by side on one stream of batches and views from one
# initialisation. After training, every image passes through each encoder, without augmentation, which gives one vector
# of features an image. Two encoders are alike where they make the same images alike:
#
# * **CKA** compares the two matrices of cosine similarities between all images, after centring. 1: the same geometry.
# * **RSA** is the correlation of the two lists of pairwise distances. 1: the same order and spacing.
#
# Both are exact over all images, not over a sample of them. Accuracy of frozen features is that of the nearest class
# centre (**NCCC**) and of a linear probe (**LP**). **CDNV**, the class-distance-normalised variance, is the spread
# within two classes over the distance between their means, 0 where classes have collapsed to points. The **weight
# gap** is how far two networks' weights are apart, relative to their size. **Path length** is the sum over all steps of
# learning rate times the trust coefficient of LARS: about how far, relative to its size, a layer's weights were pushed.
# About 29 to 58 in the paper. **Displacement** is how far they ended from where they began.
#
# Small data, and a short training, can refute a claim that is made without conditions; that they bear one out does not
# show the same at the paper's scale: ResNet-50, 50,000 images and more, 1,200 epochs.

# %%
HTML(report.measured())

# %% [markdown]
# ## Experiments under names of their own

# %%
HTML(report.comparisons(own))

# %% [markdown]
# ## How good are the features?

# %%
HTML(report.table1() + report.claims("table1.csv"))

# %% [markdown]
# ## Do the twins stay aligned?
#
# All twins start as one network, so CKA is 1 at epoch 0. The grey band is what two CL runs have in common that differ
# in nothing but their seed: above it, a twin is more like CL than CL is like itself. CL's own initialisation is what
# it would be like without any training.

# %%
HTML(report.figure("fig2_trajectory"))

# %%
HTML(report.table2())

# %% [markdown]
# From CL to NSCL there are steps: only a share of the weight of same-class negatives is left out. With shuffled
# labels as much is left out, of images that have nothing in common.

# %%
HTML(report.figure("label_fraction"))

# %% [markdown]
# The objectives read the projection z, and the measures read features h before it. Layer by layer, and apart for what
# tells classes from each other (*between*: class means; of ten classes these are alike easily) and what tells images of
# one class apart (*within*):

# %%
HTML(report.figure("layers"))

# %% [markdown]
# ## And the weights?

# %%
HTML(report.figure("weights_turn"))

# %%
HTML(report.figure("fig1_angles"))

# %%
HTML(report.figure("fig6_weight_gap"))

# %%
HTML(report.figure("weight_growth"))

# %% [markdown]
# ## What moves the alignment
#
# The theory's bound tightens with more classes, higher temperature and smaller steps. Each is swept alone. What is
# trained less stays alike for that reason alone: all runs on one axis of path length show which settings are *aligned
# more*, and which were only *trained less*.

# %%
HTML(report.figure("path_length"))

# %% [markdown]
# Fewer classes also mean fewer images and fewer steps in an epoch, so classes are compared at equal epochs, as in the
# paper, and at equal steps and schedule. Every seed draws classes of its own.

# %%
HTML(report.figure("fig3_classes"))

# %% [markdown]
# Temperature:

# %%
HTML(report.figure("fig4_temperature"))

# %% [markdown]
# Batch size: with a rule that scales the learning rate by the square or fourth root of the batch size *as published*,
# the rate itself is 16 or 64 times smaller than under the linear rule at B = 256, and whoever trains less drifts
# less. The right panel shows the rules normalised to one rate at B = 256.

# %%
HTML(report.figure("fig5_batch"))

# %% [markdown]
# Longer training:

# %%
HTML(report.figure("duration"))

# %%
HTML(report.figure("collapse"))

# %%
HTML(report.figure("encoders"))

# %% [markdown]
# ## What does sharing do?
#
# The paper names shared randomness as its condition and does not take it apart. Here each of initialisation, batches
# and augmentations is either shared by CL and NSCL or drawn by each for itself.

# %%
HTML(report.figure("randomness"))

# %% [markdown]
# ## Accuracy, merged weights and the loss gap

# %%
HTML(report.figure("accuracy_by_temperature"))

# %%
HTML(report.figure("merging"))

# %%
HTML(report.figure("loss_gap"))

# %% [markdown]
# ## What the theory promises
#
# The theorems are about *similarity descent*, in which the similarities themselves move along the gradient. Networks
# move weights instead, with momentum and layer-wise rates, and features are read before the projection head.
# `docs/theory.md` has the proofs and lists what they do not cover. With nothing trained at all, this is what Theorem 1
# and its sharper forms promise at the paper's own settings:

# %%
HTML(report.promised())

# %% [markdown]
# Cosine matrices of N images never differ by more than √2 N: a bound above that says nothing, and promises no CKA.
# *Telescoped* and *non-expansive* are sharper forms of Theorem 1 that follow the drift from step to step; a
# *certificate* takes, in place of the largest weight that same-class negatives can have, the weight that they had.
# Along training:

# %%
HTML(report.figure("bounds_over_steps"))

# %% [markdown]
# Nearest to what the theory is about are plain gradient steps at a small rate, without momentum and layer-wise scaling:

# %%
HTML(report.figure("plain_sgd"))

# %% [markdown]
# What the bounds say of all settings, and what training did:

# %%
HTML(report.figure("bounds_by_setting") + report.claims("bounds.csv"))

# %% [markdown]
# Two things that the theory assumes of networks:

# %%
HTML(report.figure("assumptions"))

# %%
HTML(report.other_figures())

# %%
HTML(report.other_claims())

# %% [markdown]
# ## Numerical checks
#
# Theorems and identities that only a mistake in this code could refute. They are no findings.

# %%
HTML(report.checks())

# %% [markdown]
# ## What was not run

# %%
HTML(report.diverged(diverged) + report.collapsed() + report.not_run())

# %% [markdown]
# ## The published figures
#
# As far as they can be judged from the numbers in them:
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
HTML(report.provenance(notes))
