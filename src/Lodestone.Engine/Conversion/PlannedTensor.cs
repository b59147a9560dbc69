namespace Lodestone.Engine.Conversion;

/// <summary>A tensor of the converted file, and where its numbers come from.</summary>
/// <param name="Name">As llama.cpp knows it.</param>
/// <param name="Shape">The contiguous dimension first, as GGUF has it.</param>
/// <param name="Source">Null: <paramref name="Values"/> are computed.</param>
/// <param name="SortedHeads">Heads whose rows are sorted so that those that are turned together are neighbours; 0: none.</param>
internal sealed record PlannedTensor(string Name, IReadOnlyList<long> Shape, SourceTensor? Source, int SortedHeads, IReadOnlyList<float>? Values = null)
{
    /// <summary>Vectors stay in F32: they are small, and llama.cpp computes with them so.</summary>
    public ElementType TypeIn(ElementType wanted) => Shape.Count == 1 ? ElementType.F32 : wanted;

    public long Elements => Shape.Aggregate(1L, (product, length) => product * length);

    public long Bytes(ElementType wanted) => Elements * TypeIn(wanted).Bytes();
}

/// <summary>Finds every tensor that a model must have, with the shape that its settings say, and refuses those that it must not have.</summary>
internal sealed class TensorPlan(SourceModel model, ModelSettings settings)
{
    // Made from the settings when the model is loaded; old files carry them all the same.
    private const string Frequencies = ".rotary_emb.inv_freq";
    private const string Head = "lm_head.weight";

    private readonly List<PlannedTensor> _planned = [];
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <exception cref="EngineFault">A tensor is missing, has another shape or type than expected, or is one that the family does not have.</exception>
    public static IReadOnlyList<PlannedTensor> Of(SourceModel model, ModelSettings settings)
    {
        var plan = new TensorPlan(model, settings);
        plan.Build();
        return plan._planned;
    }

    private void Build()
    {
        Add("token_embd.weight", "model.embed_tokens.weight", [settings.Vocabulary, settings.Width]);
        if (settings.Rotary.Factors is { } factors)
        {
            _planned.Add(new PlannedTensor("rope_freqs.weight", [factors.Count], null, 0, factors));
        }

        for (var layer = 0; layer < settings.Layers; layer++)
        {
            AddLayer($"blk.{layer}.", $"model.layers.{layer}.");
        }

        Add("output_norm.weight", "model.norm.weight", [settings.Width]);
        if (settings.IsTied)
        {
            _used.Add(Head); // the same numbers once more, where it is there
        }
        else
        {
            Add("output.weight", Head, [settings.Vocabulary, settings.Width]);
        }

        if (model.TensorNames.Where(name => !_used.Contains(name) && !name.EndsWith(Frequencies, StringComparison.Ordinal)).Order(StringComparer.Ordinal).FirstOrDefault() is { } other)
        {
            throw new EngineFault($"The weights have a tensor '{other}' that {settings.Family.ClassName} does not have. Without it the model would be another one.");
        }
    }

    private void AddLayer(string to, string from)
    {
        var (queries, keys) = ((long)settings.Heads * settings.Head, (long)settings.KeyValueHeads * settings.Head);
        Add($"{to}attn_norm.weight", $"{from}input_layernorm.weight", [settings.Width]);
        AddProjection($"{to}attn_q", $"{from}self_attn.q_proj", queries, settings.Heads);
        AddProjection($"{to}attn_k", $"{from}self_attn.k_proj", keys, settings.KeyValueHeads);
        AddProjection($"{to}attn_v", $"{from}self_attn.v_proj", keys, heads: 0);
        Add($"{to}attn_output.weight", $"{from}self_attn.o_proj.weight", [settings.Width, queries]);
        if (settings.HasBiases && !settings.Family.HasInputBiases)
        {
            Add($"{to}attn_output.bias", $"{from}self_attn.o_proj.bias", [settings.Width]);
        }

        if (settings.Family.NormalisesHeads)
        {
            Add($"{to}attn_q_norm.weight", $"{from}self_attn.q_norm.weight", [settings.Head]);
            Add($"{to}attn_k_norm.weight", $"{from}self_attn.k_norm.weight", [settings.Head]);
        }

        Add($"{to}ffn_norm.weight", $"{from}post_attention_layernorm.weight", [settings.Width]);
        Add($"{to}ffn_gate.weight", $"{from}mlp.gate_proj.weight", [settings.Inner, settings.Width]);
        Add($"{to}ffn_up.weight", $"{from}mlp.up_proj.weight", [settings.Inner, settings.Width]);
        Add($"{to}ffn_down.weight", $"{from}mlp.down_proj.weight", [settings.Width, settings.Inner]);
    }

    /// <param name="heads">Whose rows positions turn; 0: none.</param>
    private void AddProjection(string to, string from, long rows, int heads)
    {
        var sorted = settings.Family.PairsNeighbours ? heads : 0;
        Add($"{to}.weight", $"{from}.weight", [rows, settings.Width], sorted);
        if (settings.Family.HasInputBiases || settings.HasBiases)
        {
            Add($"{to}.bias", $"{from}.bias", [rows], sorted);
        }
    }

    /// <param name="shape">As the source has it, the contiguous dimension last.</param>
    private void Add(string to, string from, long[] shape, int sortedHeads = 0)
    {
        var source = model.Find(from) ?? throw new EngineFault($"The weights lack the tensor '{from}'.");
        if (!source.Shape.SequenceEqual(shape))
        {
            throw new EngineFault($"Tensor '{from}' is {source.ShapeText}; by config.json it must be [{string.Join(", ", shape)}].");
        }

        _ = source.ElementType; // now, not after an hour of writing
        _used.Add(from);
        _planned.Add(new PlannedTensor(to, [.. shape.Reverse()], source, sortedHeads));
    }
}
