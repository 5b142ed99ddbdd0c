"""REPORT: a static site of one published night, read from its file alone; it opens from a folder, without a network.

One page for the park, every building, every industry and every enterprise, the alerts, the data's quality, and the dictionary. Besides,
a night in lines of text (summary.py), and the dictionary as one page of Markdown (markdown.py).
"""
