namespace Lodestone.Hub;

/// <summary>What a new card begins with.</summary>
internal static class CardTemplate
{
    public static string Of(Repo repo) => repo.Type switch
    {
        RepoType.Model => $"""
            ---
            license: 
            pipeline_tag: 
            language: 
            ---

            # {repo.Name}

            What the model does, in a sentence or two.

            ## Use

            How to load and call it, and with what settings it was meant to run.

            ## Training data

            What it learned from, and under which terms.

            ## Evaluation

            What it was measured with, and how well it did.

            ## Limits

            Where it fails, and what it must not be used for.

            """,
        RepoType.Dataset => $"""
            ---
            license: 
            task_categories: []
            language: []
            ---

            # {repo.Name}

            What the data is and where it came from.

            ## Content

            Columns, splits, and how many rows there are.

            ## Uses

            What it is good for, and what not.

            ## Limits

            What is missing, uneven or personal in it.

            """,
        _ => $"---\ntitle: {repo.Name}\nsdk: static\n---\n\n# {repo.Name}\n",
    };
}
