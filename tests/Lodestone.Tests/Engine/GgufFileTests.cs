using Lodestone.Engine;
using Lodestone.Engine.Gguf;
using Lodestone.Engine.Native;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class GgufFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void The_demo_models_head_is_read()
    {
        var file = GgufFile.Read(EngineProcess.DemoModel);

        Assert.Equal("llama", file.Architecture);
        Assert.Equal(512u, file.Metadata["llama.context_length"]);
        Assert.Equal(4096, Assert.IsType<GgufList>(file.Metadata["tokenizer.ggml.tokens"]).Count);
        Assert.Contains(file.Tensors, tensor => tensor is { Name: "token_embd.weight", Shape: [192, 4096] });
    }

    [Fact]
    public void Sizes_of_tensor_types_are_llamas()
    {
        LlamaLibrary.Open();

        foreach (var type in Enumerable.Range(0, 43))
        {
            var (elements, bytes) = GgufTensor.Block((uint)type) ?? (0, 0);
            Assert.Equal((type, Llama.BlockLength(type), (int)Llama.BlockBytes(type)), (type, elements, bytes));
        }

        Assert.Null(GgufTensor.Block(43));
    }

    [Fact]
    public void Every_cut_of_the_head_is_found()
    {
        var whole = File.ReadAllBytes(EngineProcess.DemoModel);
        var random = new Random(3);

        for (var i = 0; i < 200; i++)
        {
            Assert.Throws<EngineFault>(() => Read(whole[..random.Next(60_000)]));
        }
    }

    [Fact]
    public void Random_damage_is_refused_or_harmless_and_never_an_accident()
    {
        var whole = File.ReadAllBytes(EngineProcess.DemoModel);
        var random = new Random(5);
        var damage = new byte[8];
        var refused = 0;
        File.WriteAllBytes(_path, whole);

        for (var i = 0; i < 300; i++)
        {
            var place = random.Next(4, 3000);
            random.NextBytes(damage);
            refused += RefusesWith(damage, place) ? 1 : 0;
            Overwrite(whole.AsSpan(place, damage.Length), place);
        }

        Assert.InRange(refused, 30, 300);
    }

    [Fact]
    public void A_version_or_byte_order_that_cannot_be_read_is_named()
    {
        var whole = File.ReadAllBytes(EngineProcess.DemoModel);
        whole[4] = 0;
        whole[7] = 3;

        Assert.Contains("little-endian", Assert.Throws<EngineFault>(() => Read(whole)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_path);

    private bool RefusesWith(byte[] damage, int place)
    {
        Overwrite(damage, place);
        try
        {
            GgufFile.Read(_path);
            return false;
        }
        catch (EngineFault)
        {
            return true;
        }
    }

    private void Overwrite(ReadOnlySpan<byte> bytes, int place)
    {
        using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, bytes, place);
    }

    private GgufFile Read(byte[] content)
    {
        File.WriteAllBytes(_path, content);
        return GgufFile.Read(_path);
    }
}
