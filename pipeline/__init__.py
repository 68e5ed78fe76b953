"""Shared-seed twin training of contrastive and supervised objectives, and how alike they stay."""
