using Lodestone.Engine.Inference;
using Lodestone.Engine.Templates;

namespace Lodestone.Tests.Engine.Conversion;

/// <summary>The verb that makes one file in a process of its own.</summary>
[NoDatabase]
public sealed class QuantizationTests : IDisposable
{
    private static readonly string Demo = Path.GetDirectoryName(EngineProcess.DemoModel)!;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lodestone-quantised-");

    [Fact]
    public async Task A_model_is_converted_and_quantised_in_a_process_that_says_how_far_it_is()
    {
        var (exitCode, output, _) = await EngineProcess.RunAsync("convert", "--source", Demo, "--output", At("q8.gguf"), "--type", "q8_0", "--threads", "1");
        using var made = LoadedModel.Load(At("q8.gguf"));
        using var known = LoadedModel.Load(EngineProcess.DemoModel);
        var question = known.Vocabulary.Tokenize(MarkedText.Trusted("<|im_start|>user\nWhat does improve mean?<|im_end|>\n<|im_start|>assistant\n"));

        Assert.Equal(0, exitCode);
        Assert.StartsWith("{\"progress\":0", output, StringComparison.Ordinal);
        Assert.EndsWith("{\"progress\":1}", output.TrimEnd(), StringComparison.Ordinal);
        Assert.Equal(["q8.gguf"], _folder.GetFiles().Select(f => f.Name));
        Assert.Equal(7u, made.File.Metadata["general.file_type"]);
        Assert.Equal(Best(EngineLogits.Of(known, question)), Best(EngineLogits.Of(made, question)));
    }

    [Theory]
    [InlineData("Q4_K_M")]
    [InlineData("IQ4_XS")]
    [InlineData("Q2_K")]
    public async Task Other_types_load_too_and_a_second_run_goes_on_where_the_first_was_cut_off(string type)
    {
        await EngineProcess.RunAsync("convert", "--source", Demo, "--output", At("small.gguf.whole"));
        var (exitCode, output, errors) = await EngineProcess.RunAsync("convert", "--source", "/nowhere", "--output", At("small.gguf"), "--type", type, "--threads", "1");
        Assert.True(exitCode == 0, errors);
        using var made = LoadedModel.Load(At("small.gguf"));

        Assert.StartsWith("{\"progress\":0.5", output, StringComparison.Ordinal); // the first half was there
        Assert.NotEmpty(EngineLogits.Of(made, [1, 2, 3]));
        Assert.True(new FileInfo(At("small.gguf")).Length < new FileInfo(EngineProcess.DemoModel).Length);
    }

    [Fact]
    public async Task What_cannot_be_made_ends_with_the_reason()
    {
        var twice = await EngineProcess.RunAsync("convert", "--source", EngineProcess.DemoModel, "--output", At("x.gguf"), "--type", "Q4_0");
        var type = await EngineProcess.RunAsync("convert", "--source", Demo, "--output", At("x.gguf"), "--type", "IQ1_S");
        var folder = await EngineProcess.RunAsync("convert", "--source", At("none"), "--output", At("x.gguf"));
        var usage = await EngineProcess.RunAsync("convert", "--output", At("x.gguf"));

        Assert.Equal((3, true), (twice.ExitCode, twice.Errors.Contains("is quantised already", StringComparison.Ordinal)));
        Assert.Equal((2, true), (type.ExitCode, type.Errors.Contains("is no type. Those are F32", StringComparison.Ordinal)));
        Assert.Equal((3, true), (folder.ExitCode, folder.Errors.Contains("There is no folder", StringComparison.Ordinal)));
        Assert.Equal((2, true), (usage.ExitCode, usage.Errors.Contains("--source", StringComparison.Ordinal)));
        Assert.Empty(_folder.GetFiles());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static int[] Best(float[][] logits) => [.. logits.Select(l => l.Index().MaxBy(x => x.Item).Index)];

    private string At(string file) => Path.Combine(_folder.FullName, file);
}
