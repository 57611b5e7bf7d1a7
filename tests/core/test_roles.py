"""Roles: kinds of kinds, and the tags that hold them."""

import pytensor.tensor as pt
import pytest

from bricks import roles
from bricks.roles import BIAS, PARAMETER, PERSISTENT, WEIGHT, Role, add_role, has_roles, roles_of


@pytest.mark.parametrize(
    "kind, of",
    [
        ("INPUT", "VARIABLE"),
        ("OUTPUT", "VARIABLE"),
        ("COST", "VARIABLE"),
        ("NOISE", "VARIABLE"),
        ("AUXILIARY", "VARIABLE"),
        ("WEIGHT", "PARAMETER"),
        ("BIAS", "PARAMETER"),
        ("SCALE", "PARAMETER"),
        ("SHIFT", "PARAMETER"),
        ("INITIAL_STATE", "PARAMETER"),
        ("PARAMETER", "PERSISTENT"),
        ("BUFFER", "PERSISTENT"),
        ("POPULATION_MEAN", "BUFFER"),
        ("POPULATION_VARIANCE", "BUFFER"),
    ],
)
def test_a_role_is_a_kind_of_another_and_not_the_other_way_round(kind, of):
    kind, of = getattr(roles, kind), getattr(roles, of)
    assert kind.is_a(of) and kind.is_a(kind)
    assert not of.is_a(kind)


def test_the_more_specific_of_two_related_roles_stays_whatever_the_order():
    first, second = pt.vector(), pt.vector()
    for role in (PERSISTENT, WEIGHT, PARAMETER):
        add_role(first, role)
    for role in (WEIGHT, PARAMETER, PERSISTENT):
        add_role(second, role)
    assert roles_of(first) == roles_of(second) == (WEIGHT,)


def test_unrelated_roles_are_kept_side_by_side():
    x = pt.vector()
    add_role(x, WEIGHT)
    add_role(x, BIAS)
    assert has_roles(x, [WEIGHT, BIAS], match_all=True)
    assert not has_roles(x, [WEIGHT, roles.BUFFER], match_all=True)
    assert has_roles(x, [WEIGHT, roles.BUFFER])


def test_a_role_given_to_a_copy_is_not_given_to_the_original():
    x = pt.vector()
    add_role(x, WEIGHT)
    copy = x.clone()
    add_role(copy, BIAS)
    assert roles_of(x) == (WEIGHT,)
    assert roles_of(copy) == (WEIGHT, BIAS)


def test_a_role_of_ones_own_works_like_the_others():
    FILTER = Role("FILTER", WEIGHT)
    x = pt.vector()
    add_role(x, FILTER)
    assert has_roles(x, PARAMETER) and repr(FILTER) == "FILTER"
