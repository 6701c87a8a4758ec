"""Says how wrong a result is: colours and numbers by their distance, vectors by angle and slope."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from cg_upscaler.library.config.training import Lesson, Losses

_AROUND = 4
"""Texels of the small version a side within which detail may lie anywhere."""

Terms = dict[str, torch.Tensor]
"""What each term comes to, before it is weighed."""

Eyes = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""How differently something else sees two pictures."""

_EPSILON = 1e-3
"""Below this a distance counts by its square: Charbonnier's loss, whose slope has no corner at 0."""

_FLATTEST = 0.2
"""The least z that slopes are taken by: cliffs would otherwise outweigh all the rest."""


def terms(
    result: torch.Tensor, truth: torch.Tensor, scale: int, lesson: Lesson, asked: Losses, eyes: Eyes | None
) -> Terms:
    """Return the terms of a result (n, c, h, w) against the truth, in model space 0 … 1, that have any weight."""
    if lesson is Lesson.NORMAL:
        return _of_vectors(result, truth, scale, asked)
    found = _of_numbers(result, truth, scale, lesson, asked)
    if eyes is not None and asked.perceptual:
        found["perceptual"] = eyes(result, truth)
    return found


def total(found: Terms, asked: Losses) -> torch.Tensor:
    """Return the weighed sum."""
    return torch.stack([getattr(asked, name) * value for name, value in found.items()]).sum()


def _of_numbers(result: torch.Tensor, truth: torch.Tensor, scale: int, lesson: Lesson, asked: Losses) -> Terms:
    found = {}
    if asked.pixel:
        found["pixel"] = charbonnier(result - truth)
    if asked.gradient:
        found["gradient"] = sum_of_steps(result - truth)
    if asked.detail:
        found["detail"] = charbonnier(local_detail(result, scale) - local_detail(truth, scale))
    if asked.consistency:
        down = [F.avg_pool2d(light(each) if lesson is Lesson.COLOR else each, scale) for each in (result, truth)]
        found["consistency"] = charbonnier(down[0] - down[1])
    return found


def _of_vectors(result: torch.Tensor, truth: torch.Tensor, scale: int, asked: Losses) -> Terms:
    raw = result * 2 - 1
    a, b = F.normalize(raw, dim=1), F.normalize(truth * 2 - 1, dim=1)
    found = {}
    if asked.angular:
        found["angular"] = chord(a, b).mean()
    if asked.slope:
        found["slope"] = charbonnier(slopes(a) - slopes(b))
    if asked.gradient:
        found["gradient"] = sum_of_steps(a - b)
    if asked.consistency:
        down = [F.normalize(F.avg_pool2d(each, scale), dim=1) for each in (raw, b)]
        found["consistency"] = chord(*down).mean()
    return found


def charbonnier(difference: torch.Tensor) -> torch.Tensor:
    """Return the mean of √(d² + ε²) - ε."""
    return (difference.square() + _EPSILON**2).sqrt().mean() - _EPSILON


def sum_of_steps(difference: torch.Tensor) -> torch.Tensor:
    """Return the mean distance of steps between neighbouring texels, down and across."""
    return charbonnier(difference.diff(dim=2)) + charbonnier(difference.diff(dim=3))


def local_detail(numbers: torch.Tensor, scale: int) -> torch.Tensor:
    """Return how strong what a small version cannot hold is about each of its texels: (n, c, h, w) as (n, c, h/s, w/s).

    It is the root mean square, within some texels around, of what linear interpolation does not bring back. A mean
    distance alone is smallest where a network draws nothing that it is not sure of.
    """
    small = F.avg_pool2d(numbers, scale)
    fine = numbers - F.interpolate(small, scale_factor=float(scale), mode="bilinear", align_corners=False)
    energy = F.avg_pool2d(F.avg_pool2d(fine.square(), scale), _AROUND, stride=1)
    return (energy + _EPSILON**2).sqrt()


def chord(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the distance of the tips of unit vectors (n, 3, h, w): the angle in radians, where that is small.

    An arccos has no slope to learn by where two vectors are the same.
    """
    return ((a - b).square().sum(1) + _EPSILON**2).sqrt() - _EPSILON


def slopes(vectors: torch.Tensor) -> torch.Tensor:
    """Return x/z and y/z of unit vectors (n, 3, h, w), as (n, 2, h, w)."""
    return vectors[:, :2] / vectors[:, 2:].clamp_min(_FLATTEST)


def light(stored: torch.Tensor) -> torch.Tensor:
    """Return linear light of numbers under the sRGB curve; below 0 and beyond 1 it goes on in a straight line."""
    inside = stored.clamp(0, 1)
    curved = torch.where(inside <= 0.04045, inside / 12.92, ((inside.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4)
    return curved + (stored - inside)
