"""``python -m vivavoce`` is ``viva``."""

from vivavoce.pipelines.app import main

if __name__ == "__main__":
    main()
