"""The tests of superiors have an agency of their own."""

from tests.portal.village import village as village
