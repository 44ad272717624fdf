"""Functions made up by a generator, and a campaign that vectorizes them and compares by execution."""

from vecgnn.fuzz.campaign import CampaignResult, campaign
from vecgnn.fuzz.generate import generate
from vecgnn.fuzz.reduce import reduce

__all__ = ["CampaignResult", "campaign", "generate", "reduce"]
